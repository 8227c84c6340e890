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
  within(devices.offlineMs?.p99, limits.gapP99Ms, 'offline, 99 of 100, ms');
  within(reconnectsPerSecond?.ratio, limits.peakRatio, 'reconnects a second, peak against mean');
  hold(callbacks.wrong === 0, `frames at the wrong device: ${callbacks.wrong}`);
  hold(devices.neverBack === 0, `devices that did not come back: ${devices.neverBack}`);
  for (const { pod, overGrace, exitCode, signal } of pods.departures) {
    hold(!overGrace, `${pod} was over its grace`);
    hold(exitCode === 0, `${pod} ended with ${signal ?? `exit code ${exitCode}`}`);
  }
  return broken;
}
