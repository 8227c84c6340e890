import type { EventEmitter } from 'node:events';
import type { Clock } from './base/clock.ts';

/** Ctrl-C under npm arrives twice, from the terminal and from npm: what follows this soon is the same keystroke, ms. */
const sameKeystrokeMs = 300;

/** Calls `terminate` at every SIGTERM and at every Ctrl-C. */
export function onTermination(source: EventEmitter, clock: Clock, terminate: () => void): void {
  let lastInterruptAt = -Infinity;
  source.on('SIGTERM', terminate);
  source.on('SIGINT', () => {
    const now = clock.now();
    if (now - lastInterruptAt < sameKeystrokeMs) return;
    lastInterruptAt = now;
    terminate();
  });
}
