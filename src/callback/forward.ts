import type { Context } from 'koa';
import { hostPort } from '@ws-connect/callback-client/internal/address';
import type { PodAnswer, PodClient } from '@ws-connect/callback-client/internal/pod-client';
import type { Entry } from '../registry/registry.ts';
import type { Owner, Owners } from './owners.ts';
import { hopHeader, notConnected } from './owners.ts';

const relayedRequestHeaders = ['content-type', 'if-match', 'traceparent', 'tracestate'];
const relayedAnswerHeaders = ['content-type', 'content-length', 'etag', 'retry-after', 'ws-connect-pod'];

/** Answers a request for a device that is not on this pod: with what the pod of its entry says, one hop away. */
export type Forward = (ctx: Context, entry: Entry | undefined, body?: Buffer) => Promise<void>;

/** Answers `not-connected` when no other pod has the device. */
export function createForward(owners: Owners, podClient: PodClient): Forward {
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

  return async (ctx, entry, body) => {
    const owner = owners.otherPod(entry);
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
}
