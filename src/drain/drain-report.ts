import { z } from 'zod';
import type { PodOutcome } from '../../machines/pod.ts';

const closedIdle = z.int().describe('idle connections closed');
const closedActive = z.int().describe('active connections closed');

/** What `/pre-stop` answers when the drain is over. */
export const drainReport = z.object({
  podId: z.string(),
  outcome: z.enum(['drained', 'deadline', 'failed'] satisfies PodOutcome[]),
  sweeps: z.int().describe('number of sweeps'),
  closedIdle,
  closedActive,
  remaining: z.int().describe('connections left when the drain was ended by force'),
  durationMs: z.int(),
});

/** What `/drain` answers at any time. */
export const drainProgress = z.object({
  phase: z.enum(['serving', 'draining', 'stopped']),
  sweep: z.int().describe('the current or last sweep, from 1'),
  sweeps: z.int().describe('largest number of sweeps'),
  closedIdle,
  closedActive,
  remaining: z.int().describe('connections left'),
  startedAt: z.iso.datetime().nullable().describe('null before the drain'),
  deadline: z.iso.datetime().nullable().describe('when the drain is ended by force; null before the drain'),
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
