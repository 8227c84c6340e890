import type { ServerProcess } from '../server-process.ts';
import { quantile } from '../statistics.ts';
import type { LoadDevice } from './device.ts';
import type { Fleet } from './fleet.ts';
import { OpenLoop } from './open-loop.ts';

const callbacksPerSecond = 300;
const talkEveryMs = 1000;
/** How long after a 404 its device's close frame must have come, ms. */
const closeFrameMs = 1000;

/** Lets every device say something once in `talkEveryMs`, one after the other. Returns what ends it. */
export function talk(devices: LoadDevice[]): () => void {
  let turn = 0;
  const timer = setInterval(() => {
    const device = devices[turn % devices.length]!;
    turn += 1;
    if (!device.isClosing) device.sendText('still here');
  }, talkEveryMs / devices.length);
  return () => clearInterval(timer);
}

/** Callbacks at a fixed rate to those of some devices that are still here. */
export class Callbacks {
  readonly latencies: number[] = [];
  /** Answered 404 because the device was being closed. */
  refused = 0;
  readonly #fleet: Fleet;
  readonly #devices: LoadDevice[];
  #loop: OpenLoop | undefined;
  #turn = 0;

  private constructor(fleet: Fleet, devices: LoadDevice[]) {
    this.#fleet = fleet;
    this.#devices = devices;
  }

  static async start(server: ServerProcess, fleet: Fleet, devices: LoadDevice[]): Promise<Callbacks> {
    const callbacks = new Callbacks(fleet, devices);
    const next = (intendedAt: number) => callbacks.#next(intendedAt);
    callbacks.#loop = await OpenLoop.connect(server.ports.callbackPort, callbacksPerSecond, next);
    callbacks.#loop.start();
    return callbacks;
  }

  async stop(): Promise<void> {
    await this.#loop!.stop();
  }

  get latenessP99(): number {
    return quantile(this.#loop!.latenesses, 0.99);
  }

  #next(intendedAt: number) {
    const index = this.#turn % this.#devices.length;
    this.#turn += 1;
    const device = this.#devices[index]!;
    if (device.isClosing) return undefined;
    const { ledger } = this.#fleet;
    const number = ledger.posted;
    const onAnswer = (status: number, body: string) => {
      if (status === 200) this.latencies.push(performance.now() - intendedAt);
      else this.#refuse({ number, device, status, body });
    };
    return { request: ledger.post(index, intendedAt), onAnswer };
  }

  /** A 404 is right when the close frame was under way already; that is looked at once it must have come. */
  #refuse({
    number,
    device,
    status,
    body,
  }: {
    number: number;
    device: LoadDevice;
    status: number;
    body: string;
  }): void {
    if (status !== 404) throw new Error(`a callback was answered ${status}: ${body}`);
    this.#fleet.ledger.strike(number);
    this.refused += 1;
    setTimeout(() => {
      if (!device.isClosing) throw new Error(`a callback to a device that stayed was answered ${body}`);
    }, closeFrameMs);
  }
}
