/**
 * Which upgrade requests are granted: two lists of rules, asked in their order. The first rule that refuses gives the answer, before and
 * instead of the upgrade. The rules before the token cost little, and most of them cannot change while a token is verified. To add a
 * refusal, add a rule here and its problem in http/problems.ts: the documents and the tests that compare them follow.
 */
import type { IncomingMessage } from 'node:http';
import { isDeviceId } from '@ws-connect/callback-client/internal/device-id';
import { malformed } from '../http/malformed.ts';
import { badDeviceId, Problem } from '../http/problem.ts';
import type { ProblemCode } from '../http/problems.ts';
import type { Sender } from './client-address.ts';

/** What the pod has to say about an upgrade request at one moment. */
export interface AdmissionPolicy {
  /** False from the start of a drain. */
  accepting: boolean;
  connections: number;
  /** 0 or Infinity: no limit. */
  maxConnections: number;
  /** May a page of this origin be a device? */
  isOriginAllowed(origin: string): boolean;
  /** Has the device a connection on this pod, whose place it would take? */
  isHere(deviceId: string): boolean;
  /** May one more connect from this address? Each call counts against the limit. */
  takeFromAddressLimit(sender: Sender): boolean;
  /** May one more connect to this pod now? Each call counts against the limit. */
  takeFromPodLimit(): boolean;
}

/** What a device asks for. */
export interface UpgradeRequest {
  path: string;
  /** All values of `?deviceId=`. */
  deviceIds: readonly string[];
  /** Such as `1.1`. */
  httpVersion: string;
  /** The `Upgrade` header; undefined when no upgrade is asked for. */
  upgrade: string | undefined;
  /** The `Origin` header; only browsers send one. */
  origin: string | undefined;
  sender: Sender;
}

interface Rule {
  /** The only problem that it answers with. */
  code: ProblemCode;
  /** Undefined: it has nothing against the request. */
  refuses(request: UpgradeRequest, policy: AdmissionPolicy): Problem | undefined;
}

const rules = {
  path: rule(
    'no-such-route',
    ({ path }) =>
      path !== '/connect' &&
      new Problem({
        code: 'no-such-route',
        detail: 'devices connect at /connect',
      }),
  ),
  upgrade: rule('upgrade-required', ({ upgrade }) => upgrade?.toLowerCase() !== 'websocket' && upgradeRequired()),
  httpVersion: rule(
    'bad-handshake',
    ({ httpVersion }) =>
      httpVersion !== '1.1' &&
      new Problem({
        code: 'bad-handshake',
        detail: 'a WebSocket handshake must use HTTP/1.1 (RFC 6455 §4.1)',
      }),
  ),
  deviceId: rule(
    'bad-device-id',
    ({ deviceIds }) => (deviceIds.length !== 1 || !isDeviceId(deviceIds[0]!)) && badDeviceId(),
  ),
  origin: rule(
    'origin-not-allowed',
    ({ origin }, policy) =>
      origin !== undefined &&
      !policy.isOriginAllowed(origin) &&
      new Problem({
        code: 'origin-not-allowed',
        detail: 'web pages of this origin are not allowed to connect',
      }),
  ),
  draining: rule(
    'draining',
    (_, { accepting }) => !accepting && tryLater('draining', 'this pod is shutting down; connect again'),
  ),
  full: rule(
    'full',
    (request, policy) => isFull(request, policy) && tryLater('full', 'this pod has reached its connection limit'),
  ),
  addressLimit: rule(
    'too-many-connects',
    ({ sender }, policy) =>
      !policy.takeFromAddressLimit(sender) && tryLater('too-many-connects', 'too many connects came from your address'),
  ),
  podLimit: rule(
    'too-fast',
    (_, policy) =>
      !policy.takeFromPodLimit() && tryLater('too-fast', 'this pod accepts no more connections at the moment'),
  ),
};

/** Asked before the token is verified. */
const beforeToken = [
  rules.path,
  rules.upgrade,
  rules.httpVersion,
  rules.deviceId,
  rules.origin,
  rules.draining,
  rules.full,
  rules.addressLimit,
];
/** Asked right before the upgrade: the pod may have changed while the token was verified. */
const afterToken = [rules.draining, rules.full, rules.podLimit];
/** Asked again after the pod has found out whether the device's present connection is alive. */
const afterContest = [rules.draining, rules.full];

/** What a token can be refused for, see authenticate.ts. */
const tokenProblems = ['no-token', 'bad-token', 'token-expired', 'identity-not-allowed', 'auth-unavailable'] as const;

/** Why a device may be refused, each once, for the documents. Requests that are no HTTP are included. */
export const refusals: readonly ProblemCode[] = [
  ...new Set<ProblemCode>([
    ...malformed,
    ...beforeToken.map(({ code }) => code),
    ...tokenProblems,
    ...afterToken.map(({ code }) => code),
  ]),
];

export const admission = { beforeToken, afterToken, afterContest };

/** What the first of these rules refuses the request for; undefined when all let it pass. */
export function refusalOf(
  asked: readonly Rule[],
  request: UpgradeRequest,
  policy: AdmissionPolicy,
): Problem | undefined {
  for (const one of asked) {
    const problem = one.refuses(request, policy);
    if (problem) return problem;
  }
  return undefined;
}

export function upgradeRequestOf(request: IncomingMessage): UpgradeRequest {
  const { url = '', httpVersion: version, headers } = request;
  const mark = url.indexOf('?');
  const query = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
  return {
    path: mark < 0 ? url : url.slice(0, mark),
    deviceIds: query.getAll('deviceId'),
    httpVersion: version,
    upgrade: headers.upgrade,
    origin: headers.origin,
    sender: request,
  };
}

function rule(code: ProblemCode, check: (request: UpgradeRequest, policy: AdmissionPolicy) => Problem | false): Rule {
  return { code, refuses: (request, policy) => check(request, policy) || undefined };
}

function isFull({ deviceIds }: UpgradeRequest, policy: AdmissionPolicy): boolean {
  const { connections, maxConnections } = policy;
  return maxConnections > 0 && connections >= maxConnections && !policy.isHere(deviceIds[0]!);
}

/** RFC 9110 §15.5.22: the answer names the protocol to upgrade to. */
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
