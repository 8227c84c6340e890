import { EventEmitter } from 'node:events';
import type { Server } from 'node:http';
import { PassThrough } from 'node:stream';
import type { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Turns } from '../../src/http/turns.ts';

/** A server with connections that are open, and a clock that goes when it is told to. */
function scene(count: number) {
  const server = new EventEmitter();
  const clock = { now: 0 };
  const turns = new Turns(server as Server, () => clock.now);
  const sockets = Array.from({ length: count }, () => new PassThrough().resume() as unknown as Socket);
  for (const socket of sockets) server.emit('connection', socket);
  const paused = () => sockets.map((socket) => socket.isPaused());
  return { turns, clock, sockets, paused };
}

it('reads on while a turn has time', () => {
  const { turns, clock, sockets, paused } = scene(2);
  turns.spend(sockets[0]!);
  clock.now += 9;

  turns.spend(sockets[1]!);

  expect(paused()).toEqual([false, false]);
});

it('reads no connection any more in a turn that has taken too long, and all of them in the next', async () => {
  const { turns, clock, sockets, paused } = scene(3);
  turns.spend(sockets[0]!);
  clock.now += 10;

  turns.spend(sockets[0]!);
  const during = paused();
  await setImmediate();

  expect(during).toEqual([true, true, true]);
  expect(paused()).toEqual([false, false, false]);
});

it('stops reading a connection that brings many pieces, however little time they take', () => {
  const { turns, sockets, paused } = scene(2);

  for (let pieces = 0; pieces < 256; pieces += 1) turns.spend(sockets[0]!);

  expect(paused()).toEqual([true, false]);
});

it('reads one costly connection a turn, the longest waiting first', async () => {
  const { turns, sockets, paused } = scene(3);
  for (const socket of sockets) for (let pieces = 0; pieces < 256; pieces += 1) turns.spend(socket);
  const seen = [paused()];

  for (let turn = 0; turn < 3; turn += 1) {
    await setImmediate();
    seen.push(paused());
  }

  expect(seen).toEqual([
    [true, true, true],
    [false, true, true],
    [false, false, true],
    [false, false, false],
  ]);
});

it('forgets a connection that is closed', async () => {
  const { turns, sockets, paused } = scene(2);
  for (const socket of sockets) for (let pieces = 0; pieces < 256; pieces += 1) turns.spend(socket);

  sockets[0]!.destroy();
  await new Promise((resolve) => sockets[0]!.once('close', resolve));
  await setImmediate();

  expect(paused()[1]).toBe(false);
});
