/** What the page reads of the pod's answers. The routes that send them are checked against it. */

export interface Flow {
  from: string | null;
  to: string;
  event: string;
  count: number;
}

export interface Sweep {
  /** From 1; the last, of those who were spared, is one more than there are sweeps. */
  sweep: number;
  at: string;
  idle: number;
  closed: number;
  remaining: number;
}

export interface Overview {
  at: string;
  podId: string;
  startedAt: string;
  state: string;
  connections: number;
  states: Record<string, number>;
  flows: Flow[];
  connects: { result: string; count: number }[];
  closes: { code: string; reason: string; count: number }[];
  callbacks: { outcome: string; count: number }[];
  callbackSeconds: { le: string; count: number }[];
  isRegistryUp: boolean;
  lagMs: number;
  plan: {
    sweeps: number;
    intervalMs: number;
    minBatch: number;
    pace: 'even' | 'burst';
    restMs: number;
    longestMs: number;
    forcedAfterMs: number;
  };
  drain: {
    phase: 'serving' | 'draining' | 'stopped';
    sweep: number;
    sweeps: number;
    closedIdle: number;
    closedActive: number;
    remaining: number;
    startedAt: string | null;
    deadline: string | null;
  };
  sweepsDone: readonly Sweep[];
}

export interface Step {
  at: string;
  traceId: string;
  event: string;
  from: string | null;
  to: string;
  reason?: string;
  /** So many before it were not sent, because the page was behind. */
  missed?: number;
}

/** A connection as it is listed. */
export interface Listed {
  deviceId: string;
  state: string;
  podId: string;
  traceId: string;
  connectedAt: string;
  lastDataAt: string;
}

export interface ConnectionPage {
  total: number;
  connections: Listed[];
}

export interface ConnectionInFull extends Listed {
  /** The time on the pod. */
  at: string;
  subprotocol: string;
  since: string;
  cause?: string | undefined;
  next: { what: string; at: string }[];
  bytes: { received: number; sent: number; waiting: number };
}

/** A device that another pod has. */
export interface Elsewhere {
  owner: { serverIp: string; port: number; podId: string };
}

export interface FleetPod {
  podId: string;
  serverIp: string;
  port: number;
  state: 'serving' | 'draining';
  connections: number;
  startedAt: string;
}

/** Why a request was refused (RFC 9457). */
export interface ProblemBody {
  code: string;
  detail: string;
}

export interface DrainReport {
  outcome: 'drained' | 'deadline' | 'failed';
  sweeps: number;
  closedIdle: number;
  closedActive: number;
  remaining: number;
  durationMs: number;
}
