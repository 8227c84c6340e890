import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { TcpBalancer } from '../../src/rehearse/balancer.ts';
import type { Balance, Endpoint } from '../../src/rehearse/balancer.ts';
import { freePort } from '../support/free-port.ts';
import { RawClient } from '../support/raw-client.ts';

/** A pod that greets everyone with its name, and keeps its side open when the other ends. */
class Greeter implements Endpoint {
  readonly host = '127.0.0.1';
  readonly sockets: Socket[] = [];
  readonly #server: Server;

  constructor(name: string) {
    this.#server = createServer({ allowHalfOpen: true }, (socket) => {
      this.sockets.push(socket);
      socket.on('error', () => {});
      socket.write(name);
    });
  }

  static async start(name: string): Promise<Greeter> {
    const greeter = new Greeter(name);
    greeter.#server.listen(0, '127.0.0.1');
    await once(greeter.#server, 'listening');
    onTestFinished(() => {
      greeter.#server.close();
      for (const socket of greeter.sockets) socket.destroy();
    });
    return greeter;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }
}

async function open(balance: Balance, ...endpoints: Endpoint[]): Promise<TcpBalancer> {
  const balancer = await TcpBalancer.open(balance);
  onTestFinished(() => balancer.close());
  for (const endpoint of endpoints) await balancer.add(endpoint);
  return balancer;
}

/** Connects, and says who answered. */
async function greeted(balancer: TcpBalancer): Promise<{ client: RawClient; name: string }> {
  const client = await RawClient.connect(balancer.address);
  return { client, name: String(await client.bytes(1)) };
}

async function names(balancer: TcpBalancer, count: number): Promise<string> {
  let found = '';
  for (let index = 0; index < count; index += 1) found += (await greeted(balancer)).name;
  return found;
}

it('takes each endpoint in turn', async () => {
  const balancer = await open('round-robin', await Greeter.start('a'), await Greeter.start('b'));

  expect(await names(balancer, 6)).toBe('ababab');
});

it('fills up the endpoint with the fewest connections', async () => {
  const balancer = await open('least-connections', await Greeter.start('a'));
  await names(balancer, 3);

  await balancer.add(await Greeter.start('b'));

  expect(await names(balancer, 3)).toBe('bbb');
});

it('sends nobody new to an endpoint that was removed, and leaves it those it has', async () => {
  const [a, b] = [await Greeter.start('a'), await Greeter.start('b')];
  const balancer = await open('round-robin', a, b);
  const { client } = await greeted(balancer);

  balancer.remove({ host: a.host, port: a.port });
  const later = await names(balancer, 3);
  a.sockets[0]!.write('still here');

  expect(later).toBe('bbb');
  expect(String(await client.bytes(10))).toBe('still here');
});

it('goes on to the next endpoint when one does not answer', async () => {
  const gone = { host: '127.0.0.1', port: await freePort() };
  const balancer = await open('round-robin', gone, await Greeter.start('a'));

  expect(await names(balancer, 4)).toBe('aaaa');
});

it('cuts a client when no endpoint answers', async () => {
  const balancer = await open('round-robin', { host: '127.0.0.1', port: await freePort() });

  const client = await RawClient.connect(balancer.address);

  await expect(client.ended).resolves.toBeUndefined();
});

it('cuts a client when there is no endpoint', async () => {
  const balancer = await open('round-robin');

  const client = await RawClient.connect(balancer.address);

  await expect(client.ended).resolves.toBeUndefined();
});

it('passes on the end of one direction and keeps the other', async () => {
  const a = await Greeter.start('a');
  const { client } = await greeted(await open('round-robin', a));
  const ended = once(a.sockets[0]!.resume(), 'end');

  client.socket.end('over');
  await ended;
  a.sockets[0]!.end('and out');

  expect(String(await client.bytes(7))).toBe('and out');
  await client.ended;
});

it('passes on a cut as an end, either way', async () => {
  const a = await Greeter.start('a');
  const balancer = await open('round-robin', a);
  const [{ client: first }, { client: second }] = [await greeted(balancer), await greeted(balancer)];
  const cut = once(a.sockets[1]!.resume(), 'end');

  a.sockets[0]!.resetAndDestroy();
  second.socket.resetAndDestroy();

  await expect(Promise.all([first.ended, cut])).resolves.toHaveLength(2);
});

it('ends every connection when it is closed', async () => {
  const a = await Greeter.start('a');
  const balancer = await TcpBalancer.open('round-robin');
  await balancer.add(a);
  const { client } = await greeted(balancer);

  await balancer.close();

  await expect(client.ended).resolves.toBeUndefined();
});
