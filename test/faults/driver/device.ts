import type { FaultFleet } from './fleet.ts';
import { Link } from './link.ts';
import type { FaultPod } from './pod.ts';
import type { Random } from '../random.ts';
import type { Recorder } from './recorder.ts';

/** What a device does of its own accord, besides coming back. */
export type Habit = 'stay' | 'talk' | 'hop' | 'leave' | 'freeze';

/** Of ten devices. */
export const habits: readonly Habit[] = [
  'stay',
  'stay',
  'stay',
  'stay',
  'talk',
  'talk',
  'hop',
  'hop',
  'leave',
  'freeze',
];

export interface DeviceOptions {
  deviceId: string;
  habit: Habit;
  fleet: FaultFleet;
  recorder: Recorder;
  random: Random;
}

/** How often each habit shows, ms. Fewer than five takeovers within 10 s: more is taken for two machines of one id. */
const every: Record<Exclude<Habit, 'stay'>, [least: number, most: number]> = {
  talk: [300, 1500],
  hop: [4000, 9000],
  leave: [4000, 9000],
  freeze: [2000, 5000],
};
const awayMs = [300, 2500] as const;
const unreadMs = [200, 2000] as const;
const jitterMs = 800;
const longestBackoffMs = 1500;

/** One device: a real WebSocket client that behaves as the documentation asks. */
export class Device {
  readonly deviceId: string;
  readonly #options: DeviceOptions;
  #link: Link | undefined;
  #isDialling = false;
  #isRetired = false;
  /** It has left of its own accord. */
  #isOut = false;
  #failures = 0;
  #comeBack: NodeJS.Timeout | undefined;
  #habit: NodeJS.Timeout | undefined;
  /** Told not to come back, though it has no other connection. */
  isStranded = false;

  constructor(options: DeviceOptions) {
    this.deviceId = options.deviceId;
    this.#options = options;
  }

  get isConnected(): boolean {
    return this.#link?.isOpen === true;
  }

  /** It means to be away, or may not come back. */
  get isAway(): boolean {
    return this.isStranded || this.#isOut;
  }

  start(): void {
    this.#returnAfter(this.#options.random.between(0, 500));
    this.#live();
  }

  /** Somebody switches it off and on again. */
  revive(): void {
    if (!this.isStranded) return;
    this.isStranded = false;
    this.#returnAfter(0);
  }

  /** It comes back no more. */
  retire(): void {
    this.#isRetired = true;
    clearTimeout(this.#comeBack);
    clearTimeout(this.#habit);
  }

  /** Retires, and is gone at once. */
  destroy(): void {
    this.retire();
    this.#link?.vanish();
  }

  /** Does what it is in the habit of, again and again. */
  #live(): void {
    const { habit, random } = this.#options;
    if (habit === 'stay' || this.#isRetired) return;
    this.#habit = setTimeout(
      () => {
        if (this.#link?.isOpen) this.#act(habit, this.#link);
        this.#live();
      },
      random.between(...every[habit]),
    );
  }

  #act(habit: Exclude<Habit, 'stay'>, link: Link): void {
    const { random, fleet } = this.#options;
    if (habit === 'talk') link.send('hello');
    if (habit === 'freeze') link.pauseFor(random.between(...unreadMs));
    if (habit === 'hop') this.#dial(random.pick(fleet.pods.filter((pod) => pod !== link.pod)));
    if (habit !== 'leave') return;
    this.#link = undefined;
    this.#isOut = true;
    if (random.chance(0.5)) link.close();
    else link.vanish();
    this.#returnAfter(random.between(...awayMs));
  }

  #returnAfter(ms: number): void {
    clearTimeout(this.#comeBack);
    if (this.#isRetired) return;
    this.#comeBack = setTimeout(() => this.#dial(this.#options.random.pick(this.#options.fleet.pods)), ms);
  }

  /** One at a time. An older connection stays until the pods close it. */
  #dial(pod: FaultPod | undefined): void {
    if (this.#isDialling || this.#isRetired) return;
    if (!pod) return this.#returnAfter(this.#backoffMs());
    this.#isDialling = true;
    this.#isOut = false;
    const link = new Link({
      deviceId: this.deviceId,
      pod,
      recorder: this.#options.recorder,
      opened: () => {
        this.#isDialling = false;
        this.#failures = 0;
        this.#link = link;
        if (this.#isRetired) link.vanish();
      },
      closed: (code, reason) => this.#closed(link, code, reason),
      failed: () => {
        this.#isDialling = false;
        this.#failures += 1;
        if (!this.#link) this.#returnAfter(this.#backoffMs());
      },
    });
  }

  #closed(link: Link, code: number, reason: string): void {
    if (this.#link !== link) return; // it has gone on already
    this.#link = undefined;
    const waitMs = this.#waitMs(code, reason);
    if (this.#isDialling) return; // what comes of that decides
    if (waitMs === undefined) this.isStranded = true;
    else this.#returnAfter(waitMs);
  }

  /** Undefined: it may not come back. */
  #waitMs(code: number, reason: string): number | undefined {
    if (code >= 4500 && code <= 4999) return undefined;
    if (code === 1012) return (JSON.parse(reason) as { reconnectAfterMs: number }).reconnectAfterMs;
    if (code === 1006) return this.#backoffMs();
    return this.#options.random.between(0, jitterMs);
  }

  #backoffMs(): number {
    return this.#options.random.between(0.5, 1) * Math.min(100 * 2 ** this.#failures, longestBackoffMs);
  }
}
