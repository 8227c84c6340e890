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
  if (!URL.canParse(value)) return 'no browser sends it: it is not a URL';
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

interface AuthSettings {
  deviceAuth: 'none' | 'jwt';
  deviceJwtSecret: string | undefined;
  deviceJwksUrl: string | undefined;
  deviceJwtIssuer: string | undefined;
  deviceJwtAudience: string | undefined;
  callbackAuth: 'none' | 'bearer';
  callbackTokens: string[] | undefined;
}

/** Says in a sentence which of these settings do not fit together; undefined when all do. */
export function authMistake(settings: AuthSettings): string | undefined {
  const { deviceAuth, deviceJwtSecret, deviceJwksUrl, callbackAuth, callbackTokens } = settings;
  if (deviceAuth === 'none') {
    const name = jwtVariable(settings);
    if (name) return `${name} is set but DEVICE_AUTH=none, so it has no effect. Set DEVICE_AUTH=jwt or unset ${name}`;
  } else if (deviceJwtSecret === undefined && deviceJwksUrl === undefined) {
    return 'DEVICE_AUTH=jwt needs a key. Set DEVICE_JWT_SECRET or DEVICE_JWKS_URL';
  } else if (deviceJwtSecret !== undefined && deviceJwksUrl !== undefined) {
    return 'DEVICE_JWT_SECRET and DEVICE_JWKS_URL are both set. Unset one of them';
  }
  if (callbackAuth === 'bearer' && callbackTokens === undefined) {
    return 'CALLBACK_AUTH=bearer needs tokens. Set CALLBACK_TOKENS';
  }
  return undefined;
}

/** The first variable that has an effect only with DEVICE_AUTH=jwt. */
function jwtVariable(settings: AuthSettings): string | undefined {
  if (settings.deviceJwtSecret !== undefined) return 'DEVICE_JWT_SECRET';
  if (settings.deviceJwksUrl !== undefined) return 'DEVICE_JWKS_URL';
  if (settings.deviceJwtIssuer !== undefined) return 'DEVICE_JWT_ISSUER';
  return settings.deviceJwtAudience === undefined ? undefined : 'DEVICE_JWT_AUDIENCE';
}
