import { typedChannel } from '../base/channel.ts';
import type { DrainReport } from './drain-report.ts';

/** The drain of a pod. `sweep` counts from 1. */
export const drains = {
  started: typedChannel<{ podId: string; connections: number }>('drain.started'),
  sweep: typedChannel<{ podId: string; sweep: number; connections: number }>('drain.sweep'),
  ended: typedChannel<DrainReport>('drain.ended'),
};
