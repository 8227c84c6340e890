import { createRemoteJWKSet, customFetch, errors } from 'jose';
import type { JWTVerifyGetKey } from 'jose';
import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import { fetchJwks } from './jwks-fetch.ts';

/** The token cannot be verified, because its key is unknown and the issuer does not answer. */
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

/** Time limit of a request to the issuer, ms. It is short enough to answer the handshake in time. */
const timeoutMs = 3000;
/** Shortest time between two requests for the keys, ms. */
const cooldownMs = 5000;
/** The keys are requested again after this time, so that a withdrawn key is forgotten, ms. */
const freshMs = 600_000;

/**
 * The keys of a JWKS (RFC 7517). For an unknown kid the keys are requested again, at most every 5 s. A token is refused because of its kid
 * only after such a request. While the issuer does not answer, the known keys stay in use.
 */
export class KeySet {
  readonly #remote: ReturnType<typeof createRemoteJWKSet>;
  readonly #clock: Clock;
  readonly #log: Logger;
  #fetchedAt: number | undefined;
  #triedAt = -Infinity;
  #underWay: Promise<void> | undefined;

  constructor({ url, clock, log }: KeySetOptions) {
    const never = { cacheMaxAge: Infinity, cooldownDuration: Infinity }; // this class decides when to fetch
    const options = { timeoutDuration: timeoutMs, [customFetch]: fetchJwks, ...never };
    this.#remote = createRemoteJWKSet(new URL(url), options);
    this.#clock = clock;
    this.#log = log;
  }

  /** Finds the key of a token. Rejects with `KeysUnavailable`, or with a `JOSEError` if the issuer has no such key. */
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

  /** Requests the keys again in the background if they are old. The known keys are used until then. */
  #refresh(): void {
    if (this.#clock.now() < this.#fetchedAt! + freshMs) return;
    this.#fetch().catch(() => {}); // it is logged and tried again
  }

  #fetch(): Promise<void> {
    if (this.#underWay) return this.#underWay;
    const now = this.#clock.now();
    if (now < this.#triedAt + cooldownMs)
      return Promise.reject(new KeysUnavailable('the keys were requested a moment ago'));
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
