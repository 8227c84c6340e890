import { createHash, timingSafeEqual } from 'node:crypto';
import type { Context, Next } from 'koa';
import { bearerToken, unauthorized } from '../http/bearer.ts';
import { discardBody } from '../http/body.ts';

/**
 * Is this one of the tokens? How long it takes tells nothing about them: of both sides the hashes are compared, which are of one
 * length, and with every token, also after one fitted.
 */
export function createTokenCheck(tokens: readonly string[]): (token: string) => boolean {
  const hashes = tokens.map(hashOf);
  return (token) => {
    const hash = hashOf(token);
    return hashes.map((known) => timingSafeEqual(known, hash)).includes(true);
  };
}

/** Lets nobody pass without one of these tokens, whatever the path; `onRefused` hears of the others. */
export function requireToken(tokens: readonly string[], onRefused: (path: string, code: string) => void) {
  const isKnown = createTokenCheck(tokens);
  return async ({ req, path }: Context, next: Next): Promise<void> => {
    const token = bearerToken(req.headers.authorization);
    if (token !== undefined && isKnown(token)) return next();
    const problem =
      token === undefined
        ? unauthorized('no-token', 'this listener wants an Authorization: Bearer header')
        : unauthorized('bad-token', 'the token is none of those this pod knows');
    onRefused(path, problem.code);
    await discardBody(req);
    throw problem;
  };
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
