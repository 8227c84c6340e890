import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { expect, it, onTestFinished } from 'vitest';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import { Device } from '../../src/rehearse/device.ts';
import type { Behaviour } from '../../src/rehearse/device.ts';
import { seededRandom } from '../../src/rehearse/random.ts';
import { until } from '../support/until.ts';

type Answer = (socket: Duplex, upgrade: () => Promise<WebSocket>) => void;

/** A pod that treats the first connection as the first answer says, and so on. */
async function listen(...answers: Answer[]): Promise<Server> {
  const server = createServer().listen(0, '127.0.0.1');
  const upgrades = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const upgrade = () =>
      new Promise<WebSocket>((resolve) => upgrades.handleUpgrade(request, socket, head, (one) => resolve(one)));
    answers.shift()!(socket, upgrade);
  });
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return server;
}

const refuse: Answer = (socket) =>
  void socket.end(
    'HTTP/1.1 503 Service Unavailable\r\nRetry-After: 0\r\nConnection: close\r\nContent-Length: 0\r\n\r\n',
  );
const closeWith =
  (code: number, reason: string): Answer =>
  async (_, upgrade) =>
    (await upgrade()).close(code, reason);
const cut: Answer = async (_, upgrade) => (await upgrade()).terminate();

/** A device of that pod and what it tells. */
function start(server: Server, behaviour: Behaviour = 'parked') {
  const told: string[] = [];
  const device = new Device({
    deviceId: 'lamp-1',
    behaviour,
    base: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    random: seededRandom(1),
    events: {
      opened: (gapMs) => told.push(gapMs === undefined ? 'opened' : 'opened again'),
      closed: (code) => told.push(`closed ${code}`),
      refused: (status) => told.push(`refused ${status}`),
      received: (text) => told.push(text),
    },
  });
  onTestFinished(() => device.retire());
  device.start();
  return { device, told };
}

it('comes back after a refusal, a drain and a cut, and stays away when it is told to', async () => {
  const server = await listen(refuse, closeWith(1012, '{"reconnectAfterMs":0}'), cut, closeWith(4509, 'superseded'));

  const { told } = start(server);

  await until(() => told.includes('closed 4509'));
  expect(told).toEqual([
    'refused 503',
    'opened',
    'closed 1012',
    'opened again',
    'closed 1006',
    'opened again',
    'closed 4509',
  ]);
});

it('tells what it is sent', async () => {
  const server = await listen(async (_, upgrade) => (await upgrade()).send('hello'));

  const { told, device } = start(server);

  await until(() => told.includes('hello'));
  expect(device.isConnected).toBe(true);
});

it('talks when it is chatty', async () => {
  let heard = '';
  const server = await listen(async (_, upgrade) => {
    (await upgrade()).on('message', (data: Buffer) => (heard = String(data)));
  });

  start(server, 'chatty');

  expect(await until(() => heard)).toBe('still here');
});

it('reads in fits and starts when it is slow, and loses nothing', async () => {
  const server = await listen(async (_, upgrade) => {
    const socket = await upgrade();
    for (let number = 1; number <= 100; number += 1) socket.send(String(number));
  });

  const { told } = start(server, 'slow');

  await until(() => told.length === 101);
  expect(told.slice(1)).toEqual(Array.from({ length: 100 }, (_, index) => String(index + 1)));
});

it('that is retired leaves and tells nothing more', async () => {
  let closed = false;
  const server = await listen(async (_, upgrade) => {
    (await upgrade()).on('close', () => (closed = true));
  });
  const { device, told } = start(server);
  await until(() => told.includes('opened'));

  device.retire();

  await until(() => closed);
  expect(told).toEqual(['opened']);
});
