import { isIP } from 'node:net';
import { isPort } from '../../address.ts';
import type { Deadline } from './deadline.ts';
import type { Verdict } from './verdict.ts';

/** Where a request can be sent. */
export interface Pod {
  address: string;
  port: number;
  /** `HOST:PORT`. */
  name: string;
}

/** The pod to ask about a device. */
export interface Route {
  pod: Pod;
  /** The connection the pod is thought to have. */
  traceId: string | undefined;
}

/** How the pod to ask is found. A verdict: there is none. */
export interface Router {
  /** Can it be found out anew where a device is? */
  readonly canLookUp: boolean;
  /** The code for a pod that cannot be reached. */
  readonly unreachable: string;
  find(deviceId: string, deadline: Deadline): Promise<Route | Verdict>;
  /** The device was there just now. `owner` is `IP:PORT`. */
  learn(deviceId: string, owner: string, traceId: string | undefined): void;
  /** What is remembered of the device may be wrong. */
  forget(deviceId: string): void;
  /** The same for a batch, which goes to few pods. */
  forBatch(): Router;
}

/** The pod at `IP:PORT` or `[IP]:PORT`; undefined when it is neither. */
export function parsePod(text: string): Pod | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const address = bracketed ?? plain ?? '';
  const port = Number(digits);
  if (isIP(address) !== (bracketed === undefined ? 4 : 6) || !isPort(port)) return undefined;
  return { address, port, name: text };
}
