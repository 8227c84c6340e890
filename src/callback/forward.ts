import type { Context } from 'koa';
import { hostPort } from '../address.ts';
import { Problem } from '../http/problem.ts';
import type { ProblemCode } from '../http/problems.ts';
import type { Logger } from '../log.ts';
import type { Entry, Registry } from '../registry/registry.ts';
import { RegistryUnavailable } from '../registry/registry.ts';
import type { PodAnswer, PodClient } from './pod-client.ts';

export interface ForwardOptions {
  registry: Registry;
  podClient: PodClient;
  /** This pod, as its own entries name it. */
  self: { podId: string; serverIp: string; port: () => number };
  isPodAddress: (address: string) => boolean;
  log: Logger;
}

const hopHeader = 'Ws-Connect-Hop';
const relayedRequestHeaders = ['content-type', 'if-match', 'traceparent'];
const relayedAnswerHeaders = ['content-type', 'content-length', 'etag', 'retry-after', 'ws-connect-pod'];

/** Answers a request for a device that is not on this pod: from the registry, or with what the owning pod says, one hop away. */
export interface Forward {
  (ctx: Context, deviceId: string, body?: Buffer): Promise<void>;
  /** Does the registry name no other connection of the device than this one? */
  isUncontested(deviceId: string, traceId: string): Promise<boolean>;
}

export function createForward({ registry, podClient, self, isPodAddress, log }: ForwardOptions): Forward {
  const isSelf = ({ podId, serverIp, port }: Entry) =>
    podId === self.podId || (serverIp === self.serverIp && port === self.port());

  const lookUp = async (deviceId: string): Promise<Entry | undefined> => {
    const [entry] = await registry.lookup([deviceId]);
    if (!(entry instanceof RegistryUnavailable)) return entry;
    log.debug({ err: entry }, 'lookup failed');
    throw unavailable('registry-unavailable', 'the device is not on this pod and the registry did not answer');
  };

  const ask = async (ctx: Context, { serverIp, port }: Entry, body?: Buffer): Promise<PodAnswer> => {
    if (!isPodAddress(serverIp)) {
      log.warn({ serverIp }, 'an entry names an address outside POD_CIDRS');
      throw unavailable('owner-unreachable', 'the entry of the device names an address that is no pod');
    }
    const headers: Record<string, string> = { [hopHeader]: '1' };
    for (const name of relayedRequestHeaders) if (ctx.get(name)) headers[name] = ctx.get(name);
    try {
      return await podClient.send({
        address: serverIp,
        port,
        method: ctx.method,
        path: `${ctx.path}${ctx.search}`,
        headers,
        body,
      });
    } catch (error) {
      log.warn({ err: error, owner: hostPort(serverIp, port) }, 'the owner did not answer');
      throw unavailable('owner-unreachable', 'the pod that owns the device did not answer');
    }
  };

  const forward = async (ctx: Context, deviceId: string, body?: Buffer): Promise<void> => {
    const entry = await lookUp(deviceId);
    if (!entry || isSelf(entry)) {
      throw new Problem({ code: 'not-connected', detail: 'no pod holds this device' });
    }
    const owner = hostPort(entry.serverIp, entry.port);
    ctx.set('Ws-Connect-Pod', owner);
    if (ctx.get(hopHeader)) {
      const detail = 'the device is on another pod and this request was forwarded once already; look it up and retry';
      throw new Problem({ code: 'moved', detail });
    }
    const answer = await ask(ctx, entry, body);
    if (answer.status === 401) {
      log.warn({ owner }, 'the owner does not know the token of this pod: CALLBACK_TOKENS differ');
      throw unavailable('owner-unreachable', 'the pod that owns the device did not take the word of this one'); // nothing is wrong with the caller's token
    }
    ctx.body = answer.body.length > 0 ? answer.body : null;
    ctx.status = answer.status;
    for (const name of relayedAnswerHeaders) {
      const value = answer.headers[name];
      if (typeof value === 'string') ctx.set(name, value);
    }
  };
  const isUncontested = async (deviceId: string, traceId: string): Promise<boolean> => {
    const entry = await lookUp(deviceId);
    return entry === undefined || entry.traceId === traceId;
  };
  return Object.assign(forward, { isUncontested });
}

function unavailable(code: ProblemCode, detail: string): Problem {
  return new Problem({ code, detail, headers: { 'Retry-After': '1' } });
}
