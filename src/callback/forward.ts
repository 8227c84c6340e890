import type { Context } from 'koa';
import { hostPort } from '@ws-connect/callback-client/internal/address';
import type { PodAnswer, PodClient } from '@ws-connect/callback-client/internal/pod-client';
import { Problem } from '../http/problem.ts';
import type { Entry } from '../registry/registry.ts';
import type { Owner, Owners } from './owners.ts';
import { hopHeader, notConnected } from './owners.ts';

const relayedRequestHeaders = ['content-type', 'if-match', 'traceparent', 'tracestate'];
const relayedAnswerHeaders = ['content-type', 'content-length', 'etag', 'retry-after', 'ws-connect-pod'];

/** Answers a request for a device that is not on this pod: from the registry, or with what the owning pod says, one hop away. */
export interface Forward {
  (ctx: Context, deviceId: string, body?: Buffer): Promise<void>;
  /** Does the registry name no other connection of the device than this one? */
  isUncontested(deviceId: string, traceId: string): Promise<boolean>;
}

export function createForward(owners: Owners, podClient: PodClient): Forward {
  const lookUp = async (deviceId: string): Promise<Entry | undefined> => {
    const [entry] = await owners.lookUp([deviceId]);
    if (entry instanceof Problem) throw entry;
    return entry;
  };

  const ask = async (ctx: Context, owner: Owner, body?: Buffer): Promise<PodAnswer> => {
    const { serverIp: address, port, podId } = owner;
    const headers: Record<string, string> = { [hopHeader]: '1' };
    for (const name of relayedRequestHeaders) if (ctx.get(name)) headers[name] = ctx.get(name);
    const path = `${ctx.path}${ctx.search}`;
    try {
      return await podClient.send({ address, port, podId, method: ctx.method, path, headers, body });
    } catch (error) {
      throw owners.unanswered(owner, error);
    }
  };

  const forward = async (ctx: Context, deviceId: string, body?: Buffer): Promise<void> => {
    const owner = owners.otherPod(await lookUp(deviceId));
    if (!owner) throw notConnected();
    ctx.set('Ws-Connect-Pod', hostPort(owner.serverIp, owner.port));
    const objection = owners.objection(owner, ctx.get(hopHeader) !== '');
    if (objection) throw objection;
    const answer = await ask(ctx, owner, body);
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
