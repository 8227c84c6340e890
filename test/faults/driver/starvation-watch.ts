import type { Recorder } from './recorder.ts';

const tickMs = 50;
const limitMs = 500;

/** Notices that the driver stood still: what the history says of that time is not exact. Returns what ends it. */
export function watchStarvation(recorder: Recorder): () => void {
  let seenAt = Date.now();
  const timer = setInterval(() => {
    const now = Date.now();
    if (now - seenAt > limitMs) recorder.starved(seenAt, now);
    seenAt = now;
  }, tickMs);
  return () => clearInterval(timer);
}
