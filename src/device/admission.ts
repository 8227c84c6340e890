import type { IncomingMessage } from 'node:http';
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

/**
 * Decides on one request at the device listener: the id of the device to let in. Throws the `Problem` to answer before the
 * upgrade otherwise, never 101-then-close.
 */
export function admit({ url = '', headers }: Pick<IncomingMessage, 'url' | 'headers'>, capacity: Capacity): string {
  const { path, query } = splitUrl(url);
  if (path !== '/connect') {
    throw new Problem({ status: 404, code: 'no-such-route', detail: 'devices connect at /connect' });
  }
  if (headers.upgrade?.toLowerCase() !== 'websocket') {
    throw new Problem({
      status: 426,
      code: 'upgrade-required',
      detail: 'this is a WebSocket endpoint',
      headers: { Upgrade: 'websocket', Connection: 'Upgrade, close' },
    });
  }
  const [deviceId, ...others] = query.getAll('deviceId');
  if (deviceId === undefined || others.length > 0 || !isDeviceId(deviceId)) throw badDeviceId();
  if (!capacity.accepting) throw unavailable('draining', 'this pod is shutting down; connect again');
  if (capacity.maxConnections > 0 && capacity.connections >= capacity.maxConnections) {
    throw unavailable('full', 'this pod holds as many connections as it may');
  }
  return deviceId;
}

function unavailable(code: string, detail: string): Problem {
  return new Problem({ status: 503, code, detail, headers: { 'Retry-After': '1' } });
}

function splitUrl(url: string): { path: string; query: URLSearchParams } {
  const mark = url.indexOf('?');
  if (mark < 0) return { path: url, query: new URLSearchParams() };
  return { path: url.slice(0, mark), query: new URLSearchParams(url.slice(mark + 1)) };
}
