import { createSecretKey } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { errors, jwtVerify } from 'jose';
import type { JWTPayload } from 'jose';
import type { Clock } from '../base/clock.ts';
import type { Config } from '../config.ts';
import { bearerToken, unauthorized } from '../http/bearer.ts';
import { Problem } from '../http/problem.ts';
import type { Logger } from '../observe/log.ts';
import { tryLater } from './admission.ts';
import { KeySet, KeysUnavailable } from './key-set.ts';
import { offeredTokens } from '../connections/protocol/subprotocols.ts';

/** The result of a valid token. */
export interface Identity {
  /** When its token expires, ms on the pod's clock. */
  tokenExpiresAt: number;
}

/** Checks the token of a request for this deviceId. Resolves with a `Problem` if it is refused. Never rejects. */
export type Authenticate = (headers: IncomingHttpHeaders, deviceId: string) => Promise<Identity | Problem>;

interface AuthenticateOptions {
  config: Config;
  clock: Clock;
  log: Logger;
}

/** Largest accepted difference between the clocks of the issuer and this pod, s: for `nbf`, for `exp`, and for the close after `exp`. */
const clockTolerance = 5;

/** The algorithms with a public key (RFC 7518 §3.1, RFC 8037 §3.1). A key of a JWKS is never used as a shared secret. */
const publicKeyAlgorithms = ['RS', 'PS', 'ES'].flatMap((family) => [256, 384, 512].map((bits) => `${family}${bits}`));

/** Creates the check of device tokens, which are JWTs (RFC 7519). Undefined with DEVICE_AUTH=none. */
export function createAuthenticate({ config, clock, log }: AuthenticateOptions): Authenticate | undefined {
  if (config.deviceAuth === 'none') return undefined;
  const verify = createVerify(config, clock, log);
  return async (headers, deviceId) => {
    const token = tokenOf(headers);
    if (token instanceof Problem) return token;
    try {
      const { sub, exp } = await verify(token);
      if (sub !== deviceId) {
        return new Problem({ code: 'identity-not-allowed', detail: 'the token is for another device' });
      }
      return { tokenExpiresAt: clock.now() + (exp! + clockTolerance) * 1000 - Date.now() };
    } catch (error) {
      return refusal(error, log);
    }
  };
}

function createVerify(config: Config, clock: Clock, log: Logger): (token: string) => Promise<JWTPayload> {
  const { deviceJwtSecret: secret, deviceJwksUrl: url } = config;
  const claims = {
    issuer: config.deviceJwtIssuer,
    audience: config.deviceJwtAudience,
    requiredClaims: ['sub', 'exp'], // a token without an end could not be revoked
    clockTolerance,
  };
  if (url === undefined) {
    const key = createSecretKey(Buffer.from(secret!));
    return async (token) => (await jwtVerify(token, key, { ...claims, algorithms: ['HS256'] })).payload;
  }
  const { find } = new KeySet({ url, clock, log });
  const algorithms = [...publicKeyAlgorithms, 'EdDSA', 'Ed25519'];
  return async (token) => (await jwtVerify(token, find, { ...claims, algorithms })).payload;
}

/** The token of a request, from the header or from a subprotocol. A `Problem` if there is none or more than one. */
function tokenOf(headers: IncomingHttpHeaders): string | Problem {
  const inHeader = bearerToken(headers.authorization);
  const tokens = offeredTokens(headers['sec-websocket-protocol']);
  if (inHeader !== undefined) tokens.push(inHeader);
  const [token, ...others] = tokens;
  if (token === undefined) return unauthorized('no-token', 'a device needs a token to connect');
  return others.length === 0 ? token : unauthorized('bad-token', 'the request has more than one token');
}

/** The problem for a failed check. Neither the answer nor the log shows the content of the token. */
function refusal(error: unknown, log: Logger): Problem {
  if (error instanceof errors.JWTExpired) return unauthorized('token-expired', 'the token has expired');
  const isTheirs = error instanceof errors.JOSEError && !(error instanceof errors.JWKSInvalid);
  if (isTheirs) return unauthorized('bad-token', 'the pod does not accept the token');
  if (!(error instanceof KeysUnavailable)) log.warn({ err: error }, 'a key for device tokens is not usable');
  return tryLater('auth-unavailable', 'the token cannot be verified right now');
}
