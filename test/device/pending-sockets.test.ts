import { Duplex } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PendingSockets } from '../../src/device/pending-sockets.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Half of a connection: what `push` says comes from the peer. */
function createSocket(): Duplex {
  return new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
}

describe.each(['hold', 'holdUnread'] as const)('a socket that is pending (%s)', (how) => {
  it('is cut after 5 s', () => {
    const socket = createSocket();
    new PendingSockets()[how](socket);
    vi.advanceTimersByTime(4999);
    const before = socket.destroyed;

    vi.advanceTimersByTime(1);

    expect([before, socket.destroyed]).toEqual([false, true]);
  });

  it('is left alone once it is released', () => {
    const pending = new PendingSockets();
    const socket = createSocket();

    pending[how](socket)();
    vi.advanceTimersByTime(60_000);
    pending.destroy();

    expect(socket.destroyed).toBe(false);
  });

  it('is cut when the pod ends', () => {
    const pending = new PendingSockets();
    const socket = createSocket();
    pending[how](socket);

    pending.destroy();

    expect(socket.destroyed).toBe(true);
  });

  it('may fail, and leaves no timer behind', async () => {
    const socket = createSocket();
    new PendingSockets()[how](socket);

    socket.destroy(new Error('reset'));
    await setImmediate();

    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a socket that is not read yet', () => {
  it('is given up when the peer hangs up', async () => {
    const socket = createSocket();
    new PendingSockets().holdUnread(socket);

    socket.push(null);
    await setImmediate();

    expect(socket.destroyed).toBe(true);
  });

  it('keeps what came, in its order, for whoever reads it afterwards', async () => {
    const socket = createSocket();
    const release = new PendingSockets().holdUnread(socket);
    socket.push('first ');
    await setImmediate();
    socket.push('second');
    await setImmediate();
    release();
    const chunks: unknown[] = [];

    socket.unshift('head ');
    socket.on('data', (chunk) => chunks.push(chunk));
    await setImmediate();

    expect(chunks.map(String).join('')).toBe('head first second');
  });
});
