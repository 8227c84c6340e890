import { createSecretKey } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { errors, jwtVerify } from 'jose';
import type { JWTPayload } from 'jose';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import { bearerToken, unauthorized } from '../http/bearer.ts';
import { Problem } from '../http/problem.ts';
import type { Logger } from '../log.ts';
import { tryLater } from './admission.ts';
import { KeySet, KeysUnavailable } from './key-set.ts';
import { offeredTokens } from './protocol/subprotocols.ts';

/** What a device has proved. */
export interface Identity {
  /** When its token expires, ms on the pod's clock. */
  tokenExpiresAt: number;
}

/** Is the sender of these headers this device? Never rejects: a `Problem` is the refusal. */
export type Authenticate = (headers: IncomingHttpHeaders, deviceId: string) => Promise<Identity | Problem>;

interface AuthenticateOptions {
  config: Config;
  clock: Clock;
  log: Logger;
}

/** By how much the clocks of the issuer and this pod may differ, s: for `nbf`, for `exp`, and for the close that follows from it. */
const clockTolerance = 5;

/** RFC 7518 §3.1 and RFC 8037 §3.1, those with a public key: a key of a JWKS never serves as a shared secret. */
const publicKeyAlgorithms = ['RS', 'PS', 'ES'].flatMap((family) => [256, 384, 512].map((bits) => `${family}${bits}`));

/** How devices prove who they are: by a JWT (RFC 7519). Undefined: they need not. */
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
    requiredClaims: ['sub', 'exp'], // a token for ever could not be taken back
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

/** The one token that came, in the header or as a subprotocol. */
function tokenOf(headers: IncomingHttpHeaders): string | Problem {
  const inHeader = bearerToken(headers.authorization);
  const tokens = offeredTokens(headers['sec-websocket-protocol']);
  if (inHeader !== undefined) tokens.push(inHeader);
  const [token, ...others] = tokens;
  if (token === undefined) return unauthorized('no-token', 'a device needs a token to connect');
  return others.length === 0 ? token : unauthorized('bad-token', 'the request has more than one token');
}

/** The device learns what to do, and neither it nor the log what was in the token. */
function refusal(error: unknown, log: Logger): Problem {
  if (error instanceof errors.JWTExpired) return unauthorized('token-expired', 'the token has expired');
  const isTheirs = error instanceof errors.JOSEError && !(error instanceof errors.JWKSInvalid);
  if (isTheirs) return unauthorized('bad-token', 'the pod does not accept the token');
  if (!(error instanceof KeysUnavailable)) log.warn({ err: error }, 'a key for device tokens is not usable');
  return tryLater('auth-unavailable', 'the token cannot be verified right now');
}
