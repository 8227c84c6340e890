import { TypedChannel } from '@ws-connect/callback-client/internal/channel';
import type { DrainReport } from './drain-report.ts';

/** The drain of a pod. `sweep` counts from 1. */
export const drains = {
  started: new TypedChannel<{ podId: string; connections: number }>('drain.started'),
  sweep: new TypedChannel<{ podId: string; sweep: number; connections: number }>('drain.sweep'),
  ended: new TypedChannel<DrainReport>('drain.ended'),
};
