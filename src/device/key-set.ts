import { createRemoteJWKSet, customFetch, errors } from 'jose';
import type { JWTVerifyGetKey } from 'jose';
import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import { fetchJwks } from './jwks-fetch.ts';

/** Nothing can be said about the token, because its key is not known and the issuer cannot be asked. */
export class KeysUnavailable extends Error {
  readonly code = 'keys-unavailable';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'KeysUnavailable';
  }
}

export interface KeySetOptions {
  url: string;
  clock: Clock;
  log: Logger;
}

/** Short enough that a handshake is still answered, ms. */
const timeoutMs = 3000;
/** From one request for the keys to the next, whatever kids come, ms. */
const cooldownMs = 5000;
/** After this the keys are asked for anew, so that one that was withdrawn is forgotten, ms. */
const freshMs = 600_000;

/**
 * The keys of a JWKS (RFC 7517). An unknown kid has them asked for again, at most every 5 s; a token is called bad for its kid only
 * by a set that was fetched for it. Known keys go on being used for as long as the issuer is away.
 */
export class KeySet {
  readonly #remote: ReturnType<typeof createRemoteJWKSet>;
  readonly #clock: Clock;
  readonly #log: Logger;
  #fetchedAt: number | undefined;
  #triedAt = -Infinity;
  #underWay: Promise<void> | undefined;

  constructor({ url, clock, log }: KeySetOptions) {
    const never = { cacheMaxAge: Infinity, cooldownDuration: Infinity }; // when to fetch is decided here
    const options = { timeoutDuration: timeoutMs, [customFetch]: fetchJwks, ...never };
    this.#remote = createRemoteJWKSet(new URL(url), options);
    this.#clock = clock;
    this.#log = log;
  }

  /** The key of a token. Rejects with `KeysUnavailable`, or with a `JOSEError` when the issuer has no such key. */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    const isFirst = this.#fetchedAt === undefined;
    if (isFirst) await this.#fetch();
    else this.#refresh();
    try {
      return await this.#remote(header, token);
    } catch (error) {
      if (isFirst || !(error instanceof errors.JWKSNoMatchingKey)) throw error;
    }
    await this.#fetch();
    return this.#remote(header, token);
  };

  /** Behind the back of whoever asks: the keys that are known do meanwhile. */
  #refresh(): void {
    if (this.#clock.now() < this.#fetchedAt! + freshMs) return;
    this.#fetch().catch(() => {}); // logged, and tried again
  }

  #fetch(): Promise<void> {
    if (this.#underWay) return this.#underWay;
    const now = this.#clock.now();
    if (now < this.#triedAt + cooldownMs) return Promise.reject(new KeysUnavailable('the keys were requested a moment ago'));
    this.#triedAt = now;
    this.#underWay = this.#reload().finally(() => {
      this.#underWay = undefined;
    });
    return this.#underWay;
  }

  async #reload(): Promise<void> {
    try {
      await this.#remote.reload();
      this.#fetchedAt = this.#clock.now();
    } catch (error) {
      this.#log.warn({ err: error }, 'the keys of DEVICE_JWKS_URL could not be fetched');
      throw new KeysUnavailable('the keys could not be fetched', { cause: error });
    }
  }
}
