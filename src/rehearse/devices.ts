import { Device } from './device.ts';
import type { Behaviour } from './device.ts';
import type { Ledger } from './ledger.ts';
import type { Random } from './random.ts';

export interface DevicesOptions {
  runId: string;
  count: number;
  /** Per cent. */
  mix: { parked: number; slow: number };
  base: string;
  random: Random;
  ledger: Ledger;
  /** Something has happened that somebody may wait for. */
  changed: () => void;
}

/** What happened to the devices so far. */
interface DevicesSeen {
  /** How long devices were offline, ms; one for each return. */
  gaps: number[];
  /** When devices came back, on `performance.now()`. */
  returns: number[];
  /** Closes of open connections by code. */
  closes: Map<number, number>;
  /** Refused attempts by status; 0: no answer. */
  refusals: Map<number, number>;
}

/** Handshakes under way at once while the devices come for the first time. */
const lanes = 50;

/** All devices of a rehearsal, and what happened to them. */
export class Devices {
  readonly ids: readonly string[];
  readonly #seen: DevicesSeen = { gaps: [], returns: [], closes: new Map(), refusals: new Map() };
  readonly #devices: Device[];
  #started = 0;

  constructor({ runId, count, mix, base, random, ledger, changed }: DevicesOptions) {
    this.ids = Array.from({ length: count }, (_, index) => `${runId}-${index}`);
    this.#devices = this.ids.map((deviceId, index) => {
      const opened = (gapMs: number | undefined) => {
        if (gapMs === undefined) this.#startNext();
        else this.#returned(gapMs);
        changed();
      };
      const events = {
        opened,
        closed: (code: number) => increment(this.#seen.closes, code),
        refused: (status: number) => increment(this.#seen.refusals, status),
        received(text: string) {
          ledger.arrive(deviceId, text, performance.now());
          changed();
        },
      };
      return new Device({ deviceId, behaviour: behaviourOf(index, count, mix), base, random, events });
    });
  }

  get connected(): number {
    return this.#devices.reduce((sum, { isConnected }) => sum + (isConnected ? 1 : 0), 0);
  }

  get areAllConnected(): boolean {
    return this.#devices.every(({ isConnected }) => isConnected);
  }

  seen(): DevicesSeen & { count: number; connected: number } {
    return { ...this.#seen, count: this.ids.length, connected: this.connected };
  }

  /** Lets them connect, some at a time. */
  start(): void {
    for (let lane = 0; lane < lanes; lane += 1) this.#startNext();
  }

  retire(): void {
    for (const device of this.#devices) device.retire();
  }

  #startNext(): void {
    this.#devices[this.#started]?.start();
    this.#started += 1;
  }

  #returned(gapMs: number): void {
    this.#seen.gaps.push(gapMs);
    this.#seen.returns.push(performance.now());
  }
}

/** The first ones are parked, then come the slow ones; everyone else is chatty. */
export function behaviourOf(index: number, count: number, mix: { parked: number; slow: number }): Behaviour {
  const percent = ((index + 0.5) / count) * 100;
  if (percent < mix.parked) return 'parked';
  return percent < mix.parked + mix.slow ? 'slow' : 'chatty';
}

function increment(counts: Map<number, number>, key: number): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
