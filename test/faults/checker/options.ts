/** What a history is checked against. Times are ms. */
export interface CheckOptions {
  /** `LEASE_TTL_MS` of the pods. */
  leaseTtlMs: number;
  /** From one refresh of an entry to the next. */
  refreshMs: number;
  /** From the start of a drain to the end of its process. */
  drainBudgetMs: number;
  /** `REREGISTER_PER_SECOND`, of each pod. */
  reregisterPerSecond: number;
  /** How far apart what belongs together may be recorded: event loops, log lines, processes waiting for a processor. */
  slackMs: number;
  /** From a quiet mark to the moment at which every entry must be right. */
  settleMs: number;
  /** A connection that has begun to close is over after this: a registry command that times out, then the cut. */
  closeGraceMs: number;
  /** How long a pod may take to find out that its registry is back. */
  reconnectMs: number;
  /** What one pod may hold resident; absent: not checked. */
  memoryBoundBytes?: number;
}

export type Times = Pick<
  CheckOptions,
  'leaseTtlMs' | 'drainBudgetMs' | 'reregisterPerSecond' | 'slackMs' | 'settleMs'
> &
  Partial<CheckOptions>;

/** With what follows from the contract and the program where nothing else is said. */
export function completeOptions(times: Times): CheckOptions {
  return { refreshMs: times.leaseTtlMs / 3, closeGraceMs: 3000, reconnectMs: 2000, ...times };
}
