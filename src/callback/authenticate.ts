import type { Self } from '../context.ts';
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Context, Next } from 'koa';
import { hopToken, proofHeader, proofOf } from '@ws-connect/callback-client/internal/pod-proof';
import { bearerToken, unauthorized } from '../http/bearer.ts';
import { discardBody } from '../http/body.ts';
import { refusePages } from './refuse-pages.ts';

/** Returns the proof that belongs to a token. Undefined: this pod does not know the token. */
export type TokenCheck = (token: string) => string | undefined;

/**
 * Creates the check for these tokens and for the hop tokens that are derived from them for this pod. Its duration reveals nothing about
 * the tokens: it compares hashes of equal length, and it compares all of them, also after a match.
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
 * Middleware for CALLBACK_AUTH=bearer. On every path, a request needs one of these tokens or the hop token of one. Answers to such
 * requests have the proof of this pod. All other requests get a 401 problem, and `onRefused` is called.
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
        ? unauthorized('no-token', 'this port requires an Authorization: Bearer header')
        : unauthorized('bad-token', 'this pod does not know the token');
    onRefused(path, problem.code);
    await discardBody(req);
    throw problem;
  };
}

/**
 * Middleware for CALLBACK_AUTH=none. It refuses only web pages in browsers, and calls `onRefused` then. Answers have the podId as the proof
 * of this pod. If the request has a token that this pod knows, the answer has the real proof. So the pods of a fleet can change to bearer
 * tokens one by one.
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

/** Calls `make` once, at the first request, because the port is not known before the pod listens. */
function whenAsked<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
