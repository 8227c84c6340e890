import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import type { LogLine } from '../../support/process.ts';
import type { TcpProxy } from '../../support/tcp-proxy.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';
import { podFact, timeOf } from '../pod-history.ts';
import { DeviceNetwork } from './device-network.ts';
import { LineTail } from './line-tail.ts';
import { clockArguments } from './pod-clock.ts';
import type { Recorder } from './recorder.ts';

const pageBytes = 4096;
const stallMessage = 'the process stalled';

/** Where a pod listens. */
export interface PodPlace {
  host: string;
  /** The address that it publishes, by which the other pods reach it. */
  published: string;
  /** 0 for any. */
  devicePort: number;
  callbackPort: number;
  adminPort: number;
}

export interface PodOptions {
  podId: string;
  /** The file it runs. */
  program: string;
  place: PodPlace;
  env: Record<string, string>;
  /** What its machine's clock is ahead, ms. */
  clockError: number;
  /** On its way to the registry, if there is one. */
  proxy: TcpProxy | undefined;
  recorder: Recorder;
}

let preStops = 0;

/** One pod: the built program in a process of its own, whose log goes into the history. */
export class FaultPod {
  readonly podId: string;
  /** With the ports it listens on, once it does. */
  readonly place: PodPlace;
  readonly network = new DeviceNetwork();
  readonly proxy: TcpProxy | undefined;
  readonly clockError: number;
  readonly exited: Promise<void>;
  /** Resolves with its first contact to the registry; rejects when it ends before. */
  readonly ready: Promise<void>;
  isGone = false;
  #peers: TcpProxy | undefined;
  readonly #recorder: Recorder;
  readonly #process: ChildProcess;
  readonly #log: LineTail;
  /** Was stopped by a signal, and has not said yet that it noticed. */
  #wasStopped = false;
  #settleReady: { resolve(): void; reject(error: Error): void } | undefined;

  constructor({ podId, program, place, env, clockError, proxy, recorder }: PodOptions) {
    this.podId = podId;
    this.place = { ...place };
    this.proxy = proxy;
    this.clockError = clockError;
    this.#recorder = recorder;
    this.ready = new Promise((resolve, reject) => (this.#settleReady = { resolve, reject }));
    this.ready.catch(() => {}); // who waits for it is told all the same
    const { PATH = '', HOME = '/' } = process.env;
    const where = {
      HOST: place.host,
      POD_IP: place.published,
      DEVICE_PORT: String(place.devicePort),
      CALLBACK_PORT: String(place.callbackPort),
      ADMIN_PORT: String(place.adminPort),
    };
    const own = { PATH, HOME, POD_UID: podId, LOG_LEVEL: 'debug', CALLBACK_AUTH: 'none', ...where, ...env };
    const path = `${recorder.path}.${podId}.log`;
    const log = openSync(path, 'a'); // a pipe would make the pod wait for a busy driver
    const node = clockArguments(clockError);
    this.#process = spawn(process.execPath, [...node, program], { env: own, stdio: ['ignore', log, log] });
    closeSync(log);
    this.#log = new LineTail(path, (line) => this.#read(line));
    const kill = () => this.#process.kill('SIGKILL');
    process.once('exit', kill);
    this.exited = new Promise((resolve) => {
      this.#process.once('exit', (code, signal) => {
        process.off('exit', kill);
        this.#exited(code, signal);
        resolve();
      });
    });
  }

  /** Between the other pods and this one, once it is open to them. */
  get peers(): TcpProxy {
    return this.#peers!;
  }

  get admin(): string {
    return `http://${this.place.host}:${this.place.adminPort}`;
  }

  /** From now on, and until it ends, the other pods reach it at the address it publishes. */
  async openToPeers(): Promise<void> {
    const { host, published, callbackPort: port } = this.place;
    this.#peers = await startTcpProxy({ host, port }, { host: published, port });
    void this.exited.then(() => this.#peers!.close());
  }

  signal(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT' | 'SIGTERM'): void {
    if (this.isGone) return;
    this.#wasStopped ||= signal === 'SIGSTOP';
    this.#recorder.record({ type: 'pod.signalled', podId: this.podId, signal });
    process.kill(this.#process.pid!, signal);
  }

  /** Asks for the drain and waits for its end. */
  async preStop(): Promise<void> {
    const { podId } = this;
    const call = (preStops += 1);
    this.#recorder.record({ type: 'pre-stop.asked', podId, call });
    try {
      const answer = await fetch(`${this.admin}/pre-stop`);
      const body = await answer.text();
      this.#recorder.record({ type: 'pre-stop.answered', podId, call, status: answer.status, body });
    } catch (error) {
      this.#recorder.record({ type: 'pre-stop.failed', podId, call, detail: String(error) });
    }
  }

  /** One value of its metrics. Rejects while the pod does not answer. */
  async metric(name: string): Promise<number> {
    const answer = await fetch(`${this.admin}/metrics`, { signal: AbortSignal.timeout(1000) });
    return Number(new RegExp(`^${name} (.+)$`, 'm').exec(await answer.text())?.[1]);
  }

  /** Writes down what it holds resident (proc(5), statm). */
  sampleMemory(): void {
    if (this.isGone) return;
    const [, pages] = readFileSync(`/proc/${this.#process.pid}/statm`, 'utf8').split(' ');
    this.#recorder.record({ type: 'pod.memory', podId: this.podId, rssBytes: Number(pages) * pageBytes });
  }

  #read(text: string): void {
    if (!text.startsWith('{')) return; // what Node says of a crash
    const line = JSON.parse(text) as LogLine;
    const fact = podFact(line, this.clockError);
    if (fact) this.#recorder.add(fact);
    if (line.msg === 'listening') {
      for (const name of ['devicePort', 'callbackPort', 'adminPort'] as const) this.place[name] = Number(line[name]);
    }
    if (line.msg === 'ready') this.#settleReady?.resolve();
    if (line.msg.startsWith(stallMessage)) this.#starved(timeOf(line, this.clockError), Number(line['frozenMs']));
  }

  /** It got no processor, and nobody meant that. */
  #starved(at: number, ms: number): void {
    if (!this.#wasStopped) this.#recorder.starved(at - ms, at, [this.podId]);
    this.#wasStopped = false;
  }

  #exited(code: number | null, signal: string | null): void {
    this.isGone = true;
    this.#log.end();
    this.#recorder.record({ type: 'pod.exited', podId: this.podId, code, signal });
    this.#settleReady?.reject(
      new Error(`pod ${this.podId} ended before it was ready; its log is ${this.#recorder.path}.${this.podId}.log`),
    );
  }
}
