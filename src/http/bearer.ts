import { Problem } from './problem.ts';

/** The token of an `Authorization: Bearer` header (RFC 6750 §2.1); undefined for no header, another scheme, or what is no token. */
export function bearerToken(authorization = ''): string | undefined {
  return /^Bearer +([\w.~+/-]+=*) *$/i.exec(authorization)?.[1];
}

/** 401, as RFC 6750 §3 wants it: without an error code when no token came at all. */
export function unauthorized(code: 'no-token' | 'bad-token' | 'token-expired', detail: string): Problem {
  const error = code === 'no-token' ? '' : ', error="invalid_token"';
  return new Problem({
    code,
    detail,
    headers: { 'WWW-Authenticate': `Bearer realm="ws-connect"${error}` },
  });
}
