import { onTestFinished } from 'vitest';
import { Device } from './device.ts';

/** How often a device that is kept active says something, ms: often enough for an IDLE_AFTER_MS of a second. */
const activeMs = 100;

/** So many devices of this pod, `device-0` and so on. They are gone at the end of the test. */
export function connectAll({ device: address }: { device: string }, count: number): Promise<Device[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const device = await Device.connect(address, `device-${index}`);
      onTestFinished(() => device.vanish());
      return device;
    }),
  );
}

/** Lets them talk until they are closed, or the test is over. */
export function keepActive(devices: readonly Device[]): void {
  for (const device of devices) {
    const timer = setInterval(() => device.send('still here'), activeMs);
    const stop = () => clearInterval(timer);
    void device.closed.then(stop);
    onTestFinished(stop);
  }
}
