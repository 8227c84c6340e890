import { isIP } from 'node:net';
import { hostPort, isPort } from './internal/address.ts';
import type { Deadline } from './deadline.ts';
import type { Verdict } from './verdict.ts';

/** Where a request can be sent. */
export interface Pod {
  address: string;
  port: number;
  /** The pod that is expected there. Undefined: the user of the client has named the address, and vouches for it. */
  podId: string | undefined;
  /** What tells it from other pods: one that is new at an address is another one. */
  name: string;
}

/** The pod to ask about a device. */
export interface Route {
  pod: Pod;
  /** The connection the pod is thought to have. */
  traceId: string | undefined;
}

/** The pod and the connection that an answer names. */
export interface Owner {
  /** `IP:PORT`. */
  at: string;
  podId: string;
  traceId: string | undefined;
}

/** How the pod to ask is found. A verdict: there is none. */
export interface Router {
  /** Can it be found out anew where a device is? */
  readonly canLookUp: boolean;
  /** The code for a pod that cannot be reached. */
  readonly unreachable: string;
  find(deviceId: string, deadline: Deadline): Promise<Route | Verdict>;
  /** The device was there just now. */
  learn(deviceId: string, owner: Owner): void;
  /** What is remembered of the device may be wrong. */
  forget(deviceId: string): void;
  /** The same for a batch, which goes to few pods. */
  forBatch(): Router;
}

/** The pod at this address, as the registry or another pod names it. */
export function podAt(address: string, port: number, podId: string): Pod {
  return { address, port, podId, name: `${podId}@${hostPort(address, port)}` };
}

/** The pod at `IP:PORT` or `[IP]:PORT`; undefined when it is neither. */
export function parsePod(text: string, podId: string): Pod | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const address = bracketed ?? plain ?? '';
  const port = Number(digits);
  if (isIP(address) !== (bracketed === undefined ? 4 : 6) || !isPort(port)) return undefined;
  return podAt(address, port, podId);
}
