import type { Report } from './report.ts';

/** What a rehearsal must not pass; undefined is no limit. */
export interface Limits {
  lost: number;
  duplicated: number | undefined;
  gapP99Ms: number | undefined;
  peakRatio: number | undefined;
}

/** What was passed, in sentences. Whatever the limits: nothing comes to the wrong device, and every device and pod does its part. */
export function judge({ callbacks, devices, pods, reconnectsPerSecond }: Report, limits: Limits): string[] {
  const broken: string[] = [];
  const hold = (isHeld: boolean, sentence: string) => {
    if (!isHeld) broken.push(sentence);
  };
  const within = (value: number | undefined, limit: number | undefined, what: string) =>
    hold(value === undefined || limit === undefined || value <= limit, `${what}: ${value}, allowed ${limit}`);
  within(callbacks.lost, limits.lost, 'callbacks lost');
  within(callbacks.duplicated, limits.duplicated, 'callbacks duplicated');
  within(devices.offlineMs?.p99, limits.gapP99Ms, 'offline time, 99th percentile, ms');
  within(reconnectsPerSecond?.ratio, limits.peakRatio, 'reconnects per second, peak divided by mean');
  hold(callbacks.wrong === 0, `frames that reached the wrong device: ${callbacks.wrong}`);
  hold(devices.neverBack === 0, `devices that were not connected at the end: ${devices.neverBack}`);
  for (const { pod, overGrace, exitCode, signal } of pods.departures) {
    hold(!overGrace, `${pod} exceeded its grace period`);
    hold(exitCode === 0, `${pod} ended with ${signal ?? `exit code ${exitCode}`}`);
  }
  return broken;
}
