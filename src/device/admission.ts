import { isDeviceId } from '../device-id.ts';
import { badDeviceId, Problem } from '../http/problem.ts';
import type { ProblemCode } from '../http/problems.ts';
import type { Sender } from './client-address.ts';

/** What the pod says of itself when a device knocks. */
export interface Capacity {
  /** False from the start of a drain. */
  accepting: boolean;
  connections: number;
  /** 0 or Infinity means no limit. */
  maxConnections: number;
  /** Are web pages of this origin allowed to connect? */
  isOriginAllowed(origin: string): boolean;
  /** Does this device already have a connection here, which the new one would replace? */
  isHere(deviceId: string): boolean;
  /** Asked before the last, for it counts: may one more come from this address? */
  takeTurnOf(sender: Sender): boolean;
  /** Asked last, for it counts: may one more be accepted at this time? */
  takeTurn(): boolean;
}

export interface Knock {
  /** Path and query. */
  url: string | undefined;
  /** For example `1.1`. */
  httpVersion: string;
  /** The `Upgrade` header of a request that asks for an upgrade. */
  upgrade: string | undefined;
  /** The `Origin` header; only browsers send one. */
  origin?: string | undefined;
  sender: Sender;
}

/** Decides on one request at the device port: the device to accept, or the problem to answer instead of the upgrade. */
export function admit(
  { url = '', httpVersion, upgrade, origin, sender }: Knock,
  capacity: Capacity,
): { deviceId: string } | Problem {
  const { path, query } = splitUrl(url);
  if (path !== '/connect') {
    return new Problem({ code: 'no-such-route', detail: 'devices connect at /connect' });
  }
  if (upgrade?.toLowerCase() !== 'websocket') return upgradeRequired();
  if (httpVersion !== '1.1') {
    return new Problem({
      code: 'bad-handshake',
      detail: 'a WebSocket handshake must use HTTP/1.1 (RFC 6455 §4.1)',
    });
  }
  const [deviceId, ...others] = query.getAll('deviceId');
  if (deviceId === undefined || others.length > 0 || !isDeviceId(deviceId)) return badDeviceId();
  if (origin !== undefined && !capacity.isOriginAllowed(origin)) {
    return new Problem({ code: 'origin-not-allowed', detail: 'web pages of this origin are not allowed to connect' });
  }
  if (!capacity.accepting) return tryLater('draining', 'this pod is shutting down; connect again');
  const { connections, maxConnections } = capacity;
  if (maxConnections > 0 && connections >= maxConnections && !capacity.isHere(deviceId)) {
    return tryLater('full', 'this pod has reached its connection limit');
  }
  if (!capacity.takeTurnOf(sender)) {
    return tryLater('too-many-connects', 'too many connects came from your address');
  }
  if (!capacity.takeTurn()) return tryLater('too-fast', 'this pod accepts no more connections at the moment');
  return { deviceId };
}

/** A 426. The answer must name the protocol to upgrade to (RFC 9110 §15.5.22). */
function upgradeRequired(): Problem {
  const headers = { Upgrade: 'websocket', Connection: 'Upgrade, close' };
  return new Problem({
    code: 'upgrade-required',
    detail: 'this is a WebSocket endpoint; send a WebSocket upgrade',
    headers,
  });
}

/** Largest random `Retry-After`, s, so that many clients that are refused at once do not come back at once. */
const retrySpread = 5;

/** A problem with a random `Retry-After`: the request is valid, and the client can send it again later. */
export function tryLater(code: ProblemCode, detail: string): Problem {
  const retryAfter = 1 + Math.floor(Math.random() * retrySpread);
  return new Problem({ code, detail, headers: { 'Retry-After': String(retryAfter) } });
}

function splitUrl(url: string): { path: string; query: URLSearchParams } {
  const mark = url.indexOf('?');
  if (mark < 0) return { path: url, query: new URLSearchParams() };
  return { path: url.slice(0, mark), query: new URLSearchParams(url.slice(mark + 1)) };
}
