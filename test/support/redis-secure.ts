import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { onOwnPort } from './own-port.ts';
import type { RedisServer } from './redis.ts';
import { startRedis } from './redis.ts';

export interface SecureRedis extends RedisServer {
  /** `rediss://USER:PASSWORD@127.0.0.1:PORT`, the password percent-encoded. */
  url: string;
  /** The certificate, in PEM, that a client has to trust. */
  ca: string;
}

const user = 'gateway';
const password = 'p@ss/w:rd%';
/** redis-tls/generate.sh made them: a machine that runs the tests needs no openssl. */
const ca = pathOf('ca.crt');
const tls = ['--tls-cert-file', pathOf('server.crt'), '--tls-key-file', pathOf('server.key'), '--tls-ca-cert-file', ca];

/** A Redis that speaks TLS only and knows one user, who may do what these ACL rules say. It asks for no certificate. */
export async function startSecureRedis(rules: string[] = ['~*', '&*', '+@all']): Promise<SecureRedis> {
  const acl = ['--user', 'default', 'off', '--user', user, 'on', `>${password}`, ...rules];
  const server = await onOwnPort(async (port) => {
    const listen = ['--port', '0', '--tls-port', String(port), '--tls-auth-clients', 'no'];
    return { ...(await startRedis([...listen, ...tls, ...acl])), port };
  });
  server.client.disconnect(); // it does not know about TLS
  const url = `rediss://${user}:${encodeURIComponent(password)}@127.0.0.1:${server.port}`;
  const secure = { ca: readFileSync(ca, 'utf8') };
  const client = new Redis(url, { tls: secure, maxRetriesPerRequest: null });
  client.on('error', () => {}); // it keeps trying while a test has the server stopped
  return {
    ...server,
    ...secure,
    url,
    client,
    async stop() {
      client.disconnect();
      await server.stop();
    },
  };
}

function pathOf(name: string): string {
  return fileURLToPath(new URL(`./redis-tls/${name}`, import.meta.url));
}
