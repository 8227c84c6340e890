import { createHash, timingSafeEqual } from 'node:crypto';
import type { Context, Next } from 'koa';
import { hopToken, proofHeader, proofOf } from '@ws-connect/callback-client/internal/pod-proof';
import { bearerToken, unauthorized } from '../http/bearer.ts';
import { discardBody } from '../http/body.ts';
import type { Self } from './owners.ts';
import { refusePages } from './refuse-pages.ts';

/** The proof to answer a token with; undefined when the token is not known. */
export type TokenCheck = (token: string) => string | undefined;

/**
 * Knows these tokens, and the hop tokens that are derived from them for this pod. How long it takes tells nothing about them: of both
 * sides the hashes are compared, which are of one length, and with every token, also after one fitted.
 */
export function createTokenCheck(tokens: readonly string[], { podId, serverIp, port }: Self): TokenCheck {
  const pod = { podId, serverIp, port: port() };
  const known = tokens.flatMap((token) => {
    const proof = proofOf(token, pod);
    return [token, hopToken(token, pod)].map((accepted) => ({ hash: hashOf(accepted), proof }));
  });
  return (token) => {
    const shown = hashOf(token);
    let found: string | undefined;
    for (const { hash, proof } of known) if (timingSafeEqual(hash, shown)) found = proof;
    return found;
  };
}

/**
 * Lets nobody pass without one of these tokens, or the hop token of one, whatever the path. What is answered to the others carries the
 * proof of this pod. `onRefused` hears of those who are turned away.
 */
export function requireToken(tokens: readonly string[], self: Self, onRefused: (path: string, code: string) => void) {
  const check = whenAsked(() => createTokenCheck(tokens, self));
  return async ({ req, res, path }: Context, next: Next): Promise<void> => {
    const token = bearerToken(req.headers.authorization);
    const proof = token === undefined ? undefined : check()(token);
    if (proof !== undefined) {
      res.setHeader(proofHeader, proof);
      return next();
    }
    const problem =
      token === undefined
        ? unauthorized('no-token', 'this listener wants an Authorization: Bearer header')
        : unauthorized('bad-token', 'the token is none of those this pod knows');
    onRefused(path, problem.code);
    await discardBody(req);
    throw problem;
  };
}

/**
 * Lets everybody pass but pages in browsers, of which `onRefused` hears. Answers carry the podId as the proof of this pod; or a real proof to one who shows a token that this pod knows
 * already, so that the pods of a fleet can begin to ask for tokens one by one.
 */
export function requireNothing(tokens: readonly string[], self: Self, onRefused: (path: string, code: string) => void) {
  const pass = refusePages(onRefused);
  const check = whenAsked(() => createTokenCheck(tokens, self));
  return (ctx: Context, next: Next): Promise<void> => {
    const { req, res } = ctx;
    const { authorization } = req.headers;
    const token = tokens.length > 0 && authorization !== undefined ? bearerToken(authorization) : undefined;
    res.setHeader(proofHeader, (token !== undefined && check()(token)) || self.podId);
    return pass(ctx, next);
  };
}

/** Makes it at the first request, because the port is not known before the pod listens. */
function whenAsked<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
