import { readFileSync } from 'node:fs';

/** How many sockets each side of a pod may have, so that together they stay below the limit of open files. Infinity: no limit. */
export interface SocketShares {
  /** Connections of devices. */
  devices: number;
  /** What the device port accepts: the connections, and the sockets that have not become one. */
  deviceSockets: number;
  /** What the callback port accepts. */
  callers: number;
  /** Connections to other pods. */
  pods: number;
  /** What the admin port accepts. */
  admin: number;
}

/**
 * Descriptors for everything else: Node's event loop and standard streams (about 25), three listeners, Redis (two for each node of a
 * Cluster), the issuer of the tokens, and the files of the operator page, which are read at once.
 */
const reserved = 64;
/** The least of a share. The kubelet's probes and hook, Prometheus and one operator page need at least 16 on the admin port. */
const least = { callers: 8, pods: 8, admin: 16, knocks: 16 };

/**
 * Divides the limit of open files. A device that connects needs a socket before it can be answered that the pod is full, so the device
 * port accepts a few more sockets than devices. With a limit below 150 little is left for devices, but one at least.
 */
export function shareSockets(limit = Infinity): SocketShares {
  const rest = limit - reserved;
  const part = (divisor: number, atLeast: number) => Math.max(atLeast, Math.floor(rest / divisor));
  const [callers, pods, admin] = [part(16, least.callers), part(16, least.pods), part(32, least.admin)];
  if (limit === Infinity) return { devices: limit, deviceSockets: limit, callers, pods, admin };
  const knocks = part(16, least.knocks);
  const devices = Math.max(1, rest - callers - pods - admin - knocks);
  return { devices, deviceSockets: devices + knocks, callers, pods, admin };
}

/** Fewer than this for a pod without MAX_CONNECTIONS is a limit that nobody has chosen: 1024 is the default of many systems. */
const fewDevices = 10_000;

/** What to warn of at start, if MAX_CONNECTIONS (0: no limit) is more than the limit of open files allows. */
export function openFilesWarning(limit: number | undefined, maxConnections: number): string | undefined {
  const { devices } = shareSockets(limit);
  if (devices >= (maxConnections || fewDevices)) return undefined;
  const wanted = maxConnections === 0 ? 'MAX_CONNECTIONS=0 sets no limit' : `MAX_CONNECTIONS=${maxConnections}`;
  const advice = 'Raise the limit of open files or lower MAX_CONNECTIONS';
  return `The limit of open files is ${limit}, so this pod accepts at most ${devices} devices, but ${wanted}. ${advice}`;
}

/** The soft limit of open files of this process, which Node raises to the hard limit at its start. Undefined: none, or not Linux. */
export function openFileLimit(): number | undefined {
  try {
    return parseLimits(readFileSync('/proc/self/limits', 'utf8'));
  } catch {
    return undefined; // no /proc
  }
}

/** The first column of `Max open files` in the text of /proc/PID/limits (proc_pid_limits(5)). */
export function parseLimits(text: string): number | undefined {
  const [, soft] = /^Max open files\s+(\d+)\s/m.exec(text) ?? [];
  return soft === undefined ? undefined : Number(soft);
}
