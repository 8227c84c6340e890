import { setMaxListeners } from 'node:events';
import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Entry } from '../../../src/registry/registry.ts';
import type { FaultFleet } from './fleet.ts';
import type { FaultPod } from './pod.ts';
import type { Random } from '../random.ts';
import type { Recorder } from './recorder.ts';
import type { RegistryStage } from './registry-stage.ts';

export interface CallersOptions {
  fleet: FaultFleet;
  stage: RegistryStage;
  recorder: Recorder;
  random: Random;
  deviceIds: readonly string[];
  /** Callbacks of all callers together. */
  perSecond: number;
}

interface Target {
  host: string;
  port: number;
  podId: string;
}

interface Answer {
  status: number;
  /** The JSON body. */
  says: { code?: string; traceId?: string; podId?: string };
}

const workers = 16;
const timeoutMs = 5000;

/**
 * Services that call devices back all the time: at the owner the registry names, at the one they remember, at any pod, or
 * only at a connection they have met before. Each body is the id of its callback.
 */
export class Callers {
  readonly #options: CallersOptions;
  /** Free connections go well before the pods end them. */
  readonly #agent = new Agent({ keepAlive: true, timeout: 1000 });
  /** Where each device was last reached. */
  readonly #met = new Map<string, { traceId: string; podId: string | undefined }>();
  readonly #over = new AbortController();
  #working: Promise<unknown> = Promise.resolve();
  #count = 0;

  constructor(options: CallersOptions) {
    this.#options = options;
    setMaxListeners(0, this.#over.signal);
  }

  start(): void {
    this.#working = Promise.all(Array.from({ length: workers }, () => this.#work()));
  }

  /** Resolves once every call has its answer, or was given up. */
  async stop(): Promise<void> {
    this.#over.abort();
    await this.#working;
    this.#agent.destroy();
  }

  async #work(): Promise<void> {
    const { random, perSecond, deviceIds } = this.#options;
    const { signal } = this.#over;
    const everyMs = (workers * 1000) / perSecond;
    while (!signal.aborted) {
      await this.#call(random.pick(deviceIds)!);
      await delay(random.between(0, 2 * everyMs), undefined, { signal }).catch(() => {}); // it is over
    }
  }

  async #call(deviceId: string): Promise<void> {
    const { random, recorder } = this.#options;
    const target = await this.#target(deviceId);
    if (!target) return;
    const ifMatch = random.chance(0.2) ? this.#met.get(deviceId)?.traceId : undefined;
    const id = `callback-${(this.#count += 1)}`;
    recorder.record({ type: 'callback.sent', id, deviceId, podId: target.podId, ...(ifMatch ? { ifMatch } : {}) });
    try {
      const { status, says } = await this.#post(target, deviceId, { id, ifMatch });
      const { code, traceId, podId } = says;
      if (traceId !== undefined) this.#met.set(deviceId, { traceId, podId });
      recorder.record({ type: 'callback.answered', id, status, code, traceId, podId });
    } catch (error) {
      const cause = error instanceof Error && error.name === 'AbortError' ? 'timeout' : 'connection';
      recorder.record({ type: 'callback.failed', id, cause, detail: String(error) });
    }
  }

  async #target(deviceId: string): Promise<Target | undefined> {
    const { random, fleet } = this.#options;
    const way = random.next();
    const { podId } = this.#met.get(deviceId) ?? {};
    const remembered = way < 0.25 ? fleet.pods.find((pod) => pod.podId === podId) : undefined;
    const owner = way >= 0.5 ? await this.#owner(deviceId) : undefined;
    return owner ?? targetAt(remembered ?? random.pick(fleet.pods));
  }

  async #owner(deviceId: string): Promise<Target | undefined> {
    let entry: Entry | undefined;
    try {
      entry = await this.#options.stage.lookup(deviceId);
    } catch {
      return undefined; // the registry is away: any pod will do
    }
    if (!entry) return undefined;
    const { serverIp: host, port, podId } = entry;
    return targetAt(this.#options.fleet.at(host, port)) ?? { host, port, podId };
  }

  #post({ host, port }: Target, deviceId: string, { id, ifMatch }: { id: string; ifMatch: string | undefined }) {
    return new Promise<Answer>((resolve, reject) => {
      const headers = { 'Content-Type': 'text/plain', ...(ifMatch ? { 'If-Match': `"${ifMatch}"` } : {}) };
      const signal = AbortSignal.timeout(timeoutMs);
      const path = `/callback/${deviceId}`;
      const call = request({ agent: this.#agent, host, port, path, method: 'POST', headers, signal }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.once('error', reject);
        response.once('end', () =>
          resolve({ status: response.statusCode!, says: text === '' ? {} : JSON.parse(text) }),
        );
      });
      call.once('error', reject);
      call.end(id);
    });
  }
}

/** By a way of its own: what cuts pods off from each other does not cut off the services. */
function targetAt(pod: FaultPod | undefined): Target | undefined {
  return pod && { host: pod.place.host, port: pod.place.callbackPort, podId: pod.podId };
}
