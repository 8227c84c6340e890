import { setTimeout as delay } from 'node:timers/promises';
import type { FaultFleet } from '../driver/fleet.ts';
import type { FaultPod } from '../driver/pod.ts';
import type { Random } from '../random.ts';
import type { Recorder, Untimed } from '../driver/recorder.ts';
import type { FactOf } from '../history.ts';

/** What a fault is done to. */
export interface Scene {
  fleet: FaultFleet;
  recorder: Recorder;
  leaseTtlMs: number;
  deviceIds: readonly string[];
}

/** One kind of fault. */
export interface Fault {
  name: string;
  /** Breaks something, and heals it. `pod`: whom to hit, if it hits one. */
  strike: (pod: FaultPod, random: Random) => Promise<void>;
}

type Began = Untimed<FactOf<'fault.began'>>;

let faults = 0;

/** Says in the history that a fault is under way while `work` goes on. */
export async function during(
  { recorder }: Pick<Scene, 'recorder'>,
  what: Omit<Began, 'type' | 'fault' | 'registryDown' | 'closesSockets'> & Partial<Began>,
  work: () => Promise<unknown>,
): Promise<void> {
  const fault = `fault-${(faults += 1)}`;
  recorder.record({ registryDown: false, closesSockets: false, ...what, type: 'fault.began', fault });
  await work();
  recorder.record({ type: 'fault.ended', fault });
}

/** Breaks, holds for some ms, and heals. */
export function hold(breaks: () => void, ms: number, heals: () => void): () => Promise<void> {
  return async () => {
    breaks();
    await delay(ms);
    heals();
  };
}
