import type { Config } from './config.ts';

/**
 * Can an `Origin` header hold this value? Any visible ASCII can, for not every device sends the origin of RFC 6454: some send
 * `file://`, `null` or a URL with a path. A comma separates the values of the list, and a `*` would be taken for a wildcard.
 */
export function isOriginValue(value: string): boolean {
  return /^[!-)+\--~]+$/.test(value);
}

/**
 * Why no browser sends this value, and what a browser sends instead. Browsers send `null`, or a scheme in lower case, `://` and an
 * authority (RFC 6454 §6.2), with http and https without a default port. Undefined when a browser may send it.
 */
export function originAdvice(value: string): string | undefined {
  if (value === 'null') return undefined;
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(value)) return 'no browser sends it: it has no scheme such as https://';
  if (!/^https?:/i.test(value)) return undefined;
  if (!URL.canParse(value)) return 'no browser sends it: it is no URL';
  const { origin } = new URL(value);
  return origin === value ? undefined : `no browser sends it: browsers send ${origin}`;
}

/** Fetchable, and without user info: fetch refuses that, and names it in its error. */
export function isJwksUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, username, password } = new URL(value);
  return /^https?:$/.test(protocol) && username === '' && password === '';
}

/** Without the line feed that files end with. */
export function isTrimmed(value: string): boolean {
  return value.trim() === value;
}

/** At least as long as the hash of HS256 (RFC 7518 §3.2), and without the line feed that files end with. */
export function isJwtSecret(value: string): boolean {
  return Buffer.byteLength(value) >= 32 && isTrimmed(value);
}

/** What fits an `Authorization` header (RFC 6750 §2.1), and is too long to guess. */
export function isCallbackToken(value: string): boolean {
  return value.length >= 16 && /^[\w.~+/-]+=*$/.test(value);
}

type AuthSettings = Pick<
  Config,
  | 'DEVICE_AUTH'
  | 'DEVICE_JWT_SECRET'
  | 'DEVICE_JWKS_URL'
  | 'DEVICE_JWT_ISSUER'
  | 'DEVICE_JWT_AUDIENCE'
  | 'CALLBACK_AUTH'
  | 'CALLBACK_TOKENS'
>;

/** What is wrong with these together, in a sentence; undefined when nothing is. */
export function authMistake(settings: AuthSettings): string | undefined {
  const { DEVICE_AUTH, DEVICE_JWT_SECRET, DEVICE_JWKS_URL, CALLBACK_AUTH, CALLBACK_TOKENS } = settings;
  const ofJwt = ['DEVICE_JWT_SECRET', 'DEVICE_JWKS_URL', 'DEVICE_JWT_ISSUER', 'DEVICE_JWT_AUDIENCE'] as const;
  const idle = ofJwt.find((name) => settings[name] !== undefined);
  if (DEVICE_AUTH === 'none' && idle) return `DEVICE_AUTH=none: with ${idle} allowed is jwt alone, or it has no effect`;
  if (DEVICE_AUTH === 'jwt' && (DEVICE_JWT_SECRET === undefined) === (DEVICE_JWKS_URL === undefined)) {
    return 'DEVICE_AUTH=jwt: needs either DEVICE_JWT_SECRET or DEVICE_JWKS_URL, and not both';
  }
  if (CALLBACK_AUTH === 'bearer' && CALLBACK_TOKENS === undefined) return 'CALLBACK_AUTH=bearer: needs CALLBACK_TOKENS';
  return undefined;
}
