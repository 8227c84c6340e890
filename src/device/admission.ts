import { isDeviceId } from '../device-id.ts';
import { badDeviceId, Problem } from '../http/problem.ts';

/** What the pod says of itself when a device knocks. */
export interface Capacity {
  /** False from the start of a drain. */
  accepting: boolean;
  connections: number;
  /** 0: no limit. */
  maxConnections: number;
}

export interface Knock {
  url: string | undefined;
  /** The `Upgrade` header of a request that asks for an upgrade. */
  upgrade: string | undefined;
}

/** Decides on one request at the device listener: the device to let in, or what to answer before, and instead of, the upgrade. */
export function admit({ url = '', upgrade }: Knock, capacity: Capacity): { deviceId: string } | Problem {
  const { path, query } = splitUrl(url);
  if (path !== '/connect') {
    return new Problem({ status: 404, code: 'no-such-route', detail: 'devices connect at /connect' });
  }
  if (upgrade?.toLowerCase() !== 'websocket') return upgradeRequired();
  const [deviceId, ...others] = query.getAll('deviceId');
  if (deviceId === undefined || others.length > 0 || !isDeviceId(deviceId)) return badDeviceId();
  if (!capacity.accepting) return unavailable('draining', 'this pod is shutting down; connect again');
  if (capacity.maxConnections > 0 && capacity.connections >= capacity.maxConnections) {
    return unavailable('full', 'this pod holds as many connections as it may');
  }
  return { deviceId };
}

/** RFC 9110 §15.5.22: the answer names the protocol to upgrade to. */
function upgradeRequired(): Problem {
  const headers = { Upgrade: 'websocket', Connection: 'Upgrade, close' };
  return new Problem({ status: 426, code: 'upgrade-required', detail: 'this is a WebSocket endpoint', headers });
}

function unavailable(code: string, detail: string): Problem {
  return new Problem({ status: 503, code, detail, headers: { 'Retry-After': '1' } });
}

function splitUrl(url: string): { path: string; query: URLSearchParams } {
  const mark = url.indexOf('?');
  if (mark < 0) return { path: url, query: new URLSearchParams() };
  return { path: url.slice(0, mark), query: new URLSearchParams(url.slice(mark + 1)) };
}
