import { Agent, request } from 'node:http';
import { LoadDevice } from '../load/device.ts';
import { plainWire } from '../load/wire.ts';
import type { ServerPorts } from '../server-process.ts';
import { pause, within } from '../within.ts';
import { BufferedCounter } from './tally.ts';

const deviceId = 'quiet';
/** From the answer to a callback to the next callback, ms. */
const everyMs = 20;
const connectMs = 5000;

/** A device that does nothing bad, and a service that calls it back again and again. */
export class Witness {
  /** How long a callback took at most, ms; the one under way counts as far as it has come. */
  #worstMs = 0;
  #askedAt: number | undefined;
  /** By how much a timer of this process was late at most, ms: no callback is measured more exactly. */
  ownLagMs = 0;
  /** What was answered but 200. */
  readonly failures = new BufferedCounter();
  answered = 0;
  /** The close code of the device, if it was closed. */
  closedWith: number | undefined;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  #device!: LoadDevice;
  #stopped = false;

  /** Resolves once the device is connected. */
  static async start(ports: ServerPorts, headers: Record<string, string> = {}): Promise<Witness> {
    const witness = new Witness();
    const connected = new Promise<void>((resolve) => {
      witness.#device = new LoadDevice({
        port: ports.devicePort,
        deviceId,
        wire: plainWire,
        headers,
        onPush: () => {},
        onClose: (code) => (witness.closedWith ??= code),
        onConnected: resolve,
      });
    });
    await within(connectMs, 'the connect of the quiet device', connected);
    void witness.#run(ports.callbackPort);
    return witness;
  }

  get worstMs(): number {
    return Math.max(this.#worstMs, this.#askedAt === undefined ? 0 : performance.now() - this.#askedAt);
  }

  /** Begins to measure anew. */
  forget(): void {
    this.#worstMs = 0;
    this.ownLagMs = 0;
    this.answered = 0;
  }

  stop(): void {
    this.#stopped = true;
    this.#device.destroy();
    this.#agent.destroy();
  }

  async #run(port: number): Promise<void> {
    while (!this.#stopped) {
      this.#askedAt = performance.now();
      const status = await post(port, this.#agent);
      const answeredAt = performance.now();
      this.#worstMs = Math.max(this.#worstMs, answeredAt - this.#askedAt);
      this.#askedAt = undefined;
      if (status === 200) this.answered += 1;
      else if (!this.#stopped) this.failures.add(String(status));
      await pause(everyMs);
      this.ownLagMs = Math.max(this.ownLagMs, performance.now() - answeredAt - everyMs);
    }
  }
}

/** The status of the answer, or the code of the error instead of it. */
function post(port: number, agent: Agent): Promise<number | string> {
  return new Promise((resolve) => {
    const headers = { 'Content-Type': 'text/plain', 'Content-Length': '5' };
    const outgoing = request({
      host: '127.0.0.1',
      port,
      path: `/callback/${deviceId}`,
      method: 'POST',
      headers,
      agent,
    });
    outgoing.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'));
    outgoing.on('response', (response) => {
      response.resume();
      response.on('close', () => resolve(response.statusCode!));
    });
    outgoing.end('hello');
  });
}
