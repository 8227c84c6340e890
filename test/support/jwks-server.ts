import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair } from 'jose';
import type { JWK } from 'jose';
import { onTestFinished } from 'vitest';
import { tokenFor } from './tokens.ts';

/** An issuer of tokens that publishes its public keys, draws new ones, and can be away. */
export class Issuer {
  /** How often its keys were asked for. */
  asked = 0;
  /** What to answer instead of the keys. */
  answer: ((response: ServerResponse) => void) | undefined;
  readonly #server: Server;
  #keys: JWK[] = [];
  #drawn = 0;
  #port = 0;

  constructor() {
    this.#server = createServer((_request, response) => {
      this.asked += 1;
      if (this.answer) return this.answer(response);
      response.setHeader('Content-Type', 'application/json').end(this.published);
    });
  }

  /** One that listens, and ends with the test. */
  static async start(): Promise<Issuer> {
    const issuer = new Issuer();
    await issuer.comeBack();
    onTestFinished(() => issuer.goAway());
    return issuer;
  }

  get env(): Record<string, string> {
    return { DEVICE_AUTH: 'jwt', DEVICE_JWKS_URL: `http://127.0.0.1:${this.#port}/jwks.json` };
  }

  /** What it answers when nothing else is said. */
  get published(): string {
    return JSON.stringify({ keys: this.#keys });
  }

  /** Draws a key and publishes it beside those there are, or instead of them. Returns what makes tokens with it. */
  async addKey(alg = 'ES256', { instead = false } = {}) {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    this.#drawn += 1;
    const kid = `key-${this.#drawn}`;
    const jwk = { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' };
    this.#keys = instead ? [jwk] : [...this.#keys, jwk];
    return (deviceId: string, claims: Record<string, unknown> = {}) =>
      tokenFor(deviceId, { key: privateKey, header: { alg, kid }, claims });
  }

  /** Nobody listens there any more. */
  async goAway(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async comeBack(): Promise<void> {
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }
}
