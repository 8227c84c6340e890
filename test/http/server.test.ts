import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, createServer as createTcpServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { loadConfig } from '../../src/config.ts';
import { listen, ListenError } from '../../src/http/server.ts';
import { createLogger } from '../../src/observe/log.ts';
import { createPod } from '../../src/pod.ts';
import { ask } from '../support/ask.ts';
import { freePort } from '../support/free-port.ts';
import { startProcess } from '../support/process.ts';

/** A port of 127.0.0.1 that is in use. */
async function takenPort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

describe('a port that is in use', () => {
  it.each(['DEVICE_PORT', 'CALLBACK_PORT', 'ADMIN_PORT'])('ends the start by the name of %s', async (name) => {
    const port = await takenPort();
    const free = { DEVICE_PORT: '0', CALLBACK_PORT: '0', ADMIN_PORT: '0' };
    const config = loadConfig({ HOST: '127.0.0.1', ...free, [name]: String(port) });
    const pod = createPod(config, { clock: systemClock, log: createLogger('silent') });

    const start = pod.start();

    await expect(start).rejects.toThrow(ListenError);
    await expect(start).rejects.toThrow(`${name}=${port}: cannot listen on 127.0.0.1: the port is in use`);
  });

  it('leaves no other listener open', async () => {
    const adminPort = await freePort();
    const taken = { DEVICE_PORT: String(await takenPort()), CALLBACK_PORT: '0', ADMIN_PORT: String(adminPort) };
    const config = loadConfig({ HOST: '127.0.0.1', ...taken });
    const pod = createPod(config, { clock: systemClock, log: createLogger('silent') });
    await expect(pod.start()).rejects.toThrow('DEVICE_PORT');

    const knock = ask(`http://127.0.0.1:${adminPort}`, '/livez');

    await expect(knock).rejects.toThrow('ECONNREFUSED');
  });
});

it('an address that is not of this host ends the start with a reason', async () => {
  const server = createServer();

  const start = listen(server, 'DEVICE_PORT', { host: '192.0.2.1', port: 0 });

  await expect(start).rejects.toThrow(/^DEVICE_PORT=0: cannot listen on 192\.0\.2\.1: .*EADDRNOTAVAIL/);
});
describe('a pod that stands still', { timeout: 20_000 }, () => {
  it.each(['device', 'callback', 'admin'] as const)('keeps 1500 connections waiting on its %s port', async (name) => {
    const pod = startProcess();
    const { hostname, port } = await pod.listening().then((at) => new URL(at[name].replace(/^(?!http)/, 'http://')));
    pod.signal('SIGSTOP');

    const sockets = Array.from({ length: 1500 }, () => connect(Number(port), hostname));
    onTestFinished(() => sockets.forEach((socket) => socket.destroy()));
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));

    expect(sockets.every(({ connecting }) => !connecting)).toBe(true);
  });
});
