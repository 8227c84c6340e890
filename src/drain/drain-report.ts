import { z } from 'zod';
import type { PodOutcome } from '../../machines/pod.ts';

const closedIdle = z.int().describe('idle connections closed');
const closedActive = z.int().describe('connections closed that were in use');

/** What `/pre-stop` answers when the drain is over. */
export const drainReport = z.object({
  podId: z.string(),
  outcome: z.enum(['drained', 'deadline', 'failed'] satisfies PodOutcome[]),
  sweeps: z.int().describe('how many sweeps there were'),
  closedIdle,
  closedActive,
  remaining: z.int().describe('connections left when the end was forced'),
  durationMs: z.int(),
});

/** What `/drain` answers at any time. */
export const drainProgress = z.object({
  phase: z.enum(['serving', 'draining', 'stopped']),
  sweep: z.int().describe('the sweep under way or last done, from 1'),
  sweeps: z.int().describe('how many there are at most'),
  closedIdle,
  closedActive,
  remaining: z.int().describe('connections still there'),
  startedAt: z.iso.datetime().nullable().describe('null before the drain'),
  deadline: z.iso.datetime().nullable().describe('when its end is forced; null before the drain'),
});

export type DrainReport = z.infer<typeof drainReport>;
export type DrainProgress = z.infer<typeof drainProgress>;

/** A sweep that is over. */
export interface SweepReport {
  /** From 1. The closing of the rest counts as one more than there are sweeps. */
  sweep: number;
  /** ISO 8601 UTC. */
  at: string;
  /** How many were idle when it began; for the rest, how many were left. */
  idle: number;
  closed: number;
  /** Connections when it was over, those included that are just leaving. */
  remaining: number;
}
