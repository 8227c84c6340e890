/** Attacks by those whom the pod asks: the registry, the issuer of tokens, another pod. */
import { generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { pause } from '../within.ts';
import type { Attack } from './attack.ts';
import { countAnswers, dial, flood, gone, handshake } from './sockets.ts';
import { BufferedCounter } from './tally.ts';

const prefix = 'bench-hostile';
/** As long as an attack takes, with room to spare, ms. */
const keyLifeMs = 60_000;
const garbage = Buffer.alloc(65_536, 'x');

/** Answers that never end. */
class Endless {
  readonly #sockets: Socket[] = [];

  answer(socket: Socket, head: string): void {
    this.#sockets.push(socket);
    socket.write(head);
    void flood(socket, garbage);
  }

  toString(): string {
    const bytes = this.#sockets.reduce((sum, { bytesWritten }) => sum + bytesWritten, 0);
    return `sent ${Math.round(bytes / 1e6).toLocaleString('en')} MB in ${this.#sockets.length} answers`;
  }
}

/** A server on a free port of the loopback. Returns the port. */
async function serve(talk: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => {}); // the pod may cut it
    talk(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** One callback on a connection of its own. Its answer is counted. */
async function post(
  port: number,
  deviceId: string,
  { tally, signal }: { tally: BufferedCounter; signal: AbortSignal },
) {
  const socket = await dial(port, signal);
  if (!socket) return;
  countAnswers(socket, tally);
  socket.write(`POST /callback/${deviceId} HTTP/1.1\r\nHost: pod\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx`);
  await gone(socket);
}

const endlessRedis: Attack = {
  title: 'Redis answers the lookup of a device with a string that never ends',
  needsRedis: true,
  async prepare(redis) {
    const real = new URL(redis);
    const endless = new Endless();
    const port = await serve((pod) => {
      const behind = connect({ host: real.hostname, port: Number(real.port) });
      behind.on('error', () => pod.destroy());
      behind.on('data', (chunk) => pod.write(chunk));
      pod.once('close', () => behind.destroy());
      pod.on('data', (chunk) => {
        if (!chunk.includes('endless-')) return behind.write(chunk);
        behind.destroy();
        pod.removeAllListeners('data').resume();
        return endless.answer(pod, '$536870912\r\n');
      });
    });
    return {
      env: { REDIS_URL: `redis://127.0.0.1:${port}`, REDIS_PREFIX: prefix, POD_IP: '127.0.0.1' },
      async run({ callbackPort }, signal) {
        const tally = new BufferedCounter();
        let asked = 0;
        for (; !signal.aborted; asked += 1) {
          void post(callbackPort, `endless-${asked}`, { tally, signal });
          await pause(250);
        }
        return `${String(endless)}; answers to ${asked} callbacks: ${String(tally)}`;
      },
    };
  },
};

const endlessKeys: Attack = {
  title: 'the issuer answers with a JWKS that never ends, when an unknown kid has it asked again',
  async prepare() {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const token = (kid: string) => {
      const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
      const signed = `${part({ alg: 'ES256', kid })}.${part({ sub: 'quiet', exp: Math.floor(Date.now() / 1000) + 600 })}`;
      const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' });
      return { Authorization: `Bearer ${signed}.${signature.toString('base64url')}` };
    };
    const keys = JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'good', alg: 'ES256' }] });
    let asked = 0;
    const endless = new Endless();
    const port = await serve((socket) =>
      socket.once('data', () => {
        asked += 1;
        const head = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n';
        if (asked === 1) return socket.end(head + keys);
        return endless.answer(socket, `${head}{"keys":["`);
      }),
    );
    return {
      env: { DEVICE_AUTH: 'jwt', DEVICE_JWKS_URL: `http://127.0.0.1:${port}/jwks.json` },
      deviceHeaders: token('good'),
      async run({ devicePort }, signal) {
        const tally = new BufferedCounter();
        for (let dialled = 0; !signal.aborted; dialled += 1) {
          const socket = await dial(devicePort, signal);
          if (socket) countAnswers(socket, tally);
          socket?.write(handshake('quiet', token(`unknown-${dialled}`)));
          await pause(100);
        }
        return `${String(endless)}; connects: ${String(tally)}`;
      },
    };
  },
};

const switchingOwner: Attack = {
  title: 'the pod that owns 200 devices answers forwarded callbacks with 101',
  needsRedis: true,
  async prepare(redis) {
    const port = await serve((socket) =>
      socket.on('data', () =>
        socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'),
      ),
    );
    const ids = Array.from({ length: 200 }, (_, index) => `bait-${index}`);
    const traceId = 'a'.repeat(32);
    const entry = JSON.stringify({ serverIp: '127.0.0.1', port, traceId, podId: 'bait', t: Date.now() });
    await setKeys(redis, new Map(ids.map((id) => [`${prefix}:device:{${id}}`, entry])));
    return {
      env: { REDIS_URL: redis, REDIS_PREFIX: prefix, POD_IP: '127.0.0.1' },
      async run({ callbackPort }, signal) {
        const tally = new BufferedCounter();
        await Promise.all(ids.map((id) => post(callbackPort, id, { tally, signal })));
        return `answers to ${ids.length} callbacks: ${String(tally)}`;
      },
    };
  },
};

/** Writes keys that live for a minute, in the protocol of Redis. */
async function setKeys(redis: string, values: ReadonlyMap<string, string>): Promise<void> {
  const { hostname, port } = new URL(redis);
  const socket = connect({ host: hostname, port: Number(port) });
  const words = [...values].map(([key, value]) => ['SET', key, value, 'PX', String(keyLifeMs)]);
  const word = (text: string) => `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
  socket.write(words.map((command) => `*${command.length}\r\n${command.map(word).join('')}`).join(''));
  let answers = '';
  while (answers.length < values.size * '+OK\r\n'.length) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    answers += chunk.toString('latin1');
  }
  socket.destroy();
  if (answers !== '+OK\r\n'.repeat(values.size))
    throw new Error(`Redis did not take the entries: ${answers.slice(0, 80)}`);
}

export const answerAttacks = {
  'endless-keys': endlessKeys,
  'endless-redis': endlessRedis,
  'switching-owner': switchingOwner,
};
