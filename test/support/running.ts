import { onTestFinished } from 'vitest';
import type { Clock } from '../../src/base/clock.ts';
import type { Environment } from '../../src/config.ts';
import { Device } from './device.ts';
import type { TestPod } from './pod.ts';
import { startPod } from './pod.ts';

/** Calls back at the end of the test. A concurrent test hands in the one of its own context. */
export type Finish = (run: () => Promise<void> | void) => void;

/** A pod that ends with the test. */
export async function runPod(env: Environment = {}, finish: Finish = onTestFinished, clock?: Clock): Promise<TestPod> {
  const pod = await startPod(env, clock);
  let over = false;
  void pod.pod.ended.then(() => {
    over = true;
  });
  finish(async () => {
    if (!over) await pod.stop();
  });
  return pod;
}

/** A device of this pod. It is gone at the end of the test. */
export async function runDevice(pod: TestPod, deviceId = 'lamp-1', protocols: string[] = []): Promise<Device> {
  const device = await Device.connect(pod.device, deviceId, protocols);
  onTestFinished(() => device.vanish());
  return device;
}
