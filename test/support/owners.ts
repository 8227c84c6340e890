import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { proofHeader } from '@ws-connect/callback-client/internal/pod-proof';
import type { Clock } from '../../src/base/clock.ts';
import type { Answer } from './ask.ts';
import { ask, stateOf } from './ask.ts';
import type { Device } from './device.ts';
import type { TestPod } from './pod.ts';
import { RawClient } from './raw-client.ts';
import type { RedisServer } from './redis.ts';
import { runDevice, runPod } from './running.ts';
import { until } from './until.ts';

/** What the registry holds of a device. */
export interface OwnerEntry {
  serverIp: string;
  port: number;
  podId?: string;
  /** Registry time; by default long ago. */
  t?: number;
}

let fleets = 0;

/** Two pods of one registry, keys of their own, and a way to write entries past them. `clock` is that of both, `headers` are what they ask for. */
export async function runTwoPods(
  { url, client }: RedisServer,
  env: Record<string, string> = {},
  clock?: Clock,
  headers: Record<string, string> = {},
) {
  fleets += 1;
  const prefix = `fleet-${process.pid}-${fleets}`;
  const start = async (host: string) => {
    const settings = { REDIS_URL: url, REDIS_PREFIX: prefix, HOST: host, POD_IP: host, ...env };
    const pod = await runPod(settings, onTestFinished, clock);
    await until(async () => (await ask(pod.callback, '/connections/nobody', { headers })).status === 404); // the registry answers
    return pod;
  };
  const [near, far] = await Promise.all([start('127.0.0.2'), start('127.0.0.3')]);
  return {
    near,
    far,
    prefix,
    /** The registry says that this one has the device. */
    own: async (deviceId: string, { serverIp, port, podId = 'another', t = 1 }: OwnerEntry): Promise<void> => {
      const entry = { v: 1, serverIp, port, traceId: '0'.repeat(32), podId, t };
      await client.set(`${prefix}:device:{${deviceId}}`, JSON.stringify(entry));
    },
    entryOf: (deviceId: string) => client.get(`${prefix}:device:{${deviceId}}`),
    putEntry: (deviceId: string, text: string) => client.set(`${prefix}:device:{${deviceId}}`, text),
  };
}

/** A device that the registry knows to be on this pod. */
export async function runRegistered(
  pod: TestPod,
  deviceId: string,
  headers: Record<string, string> = {},
): Promise<Device> {
  const device = await runDevice(pod, deviceId);
  await until(async () => String(await stateOf(pod.callback, deviceId, headers)).startsWith('registered'));
  return device;
}

export interface FakeOwner extends OwnerEntry {
  podId: string;
  requests: (Pick<IncomingMessage, 'method' | 'url' | 'headers'> & { body: Buffer })[];
}

/** The podId that a made-up pod has in its entries, and its proof where nobody asks for tokens. */
const podId = 'pod';

/** Something that listens where an entry says there is a pod, proves to be that pod, and writes down what it is asked. */
export async function fakeOwner(answer: RequestListener, serverIp = '127.0.0.4'): Promise<FakeOwner> {
  const requests: FakeOwner['requests'] = [];
  const port = await serve(serverIp, async (request, response) => {
    const { method, url, headers } = request;
    requests.push({ method, url, headers, body: await buffer(request) });
    response.setHeader(proofHeader, podId);
    answer(request, response);
  });
  return { serverIp, port, podId, requests };
}

/** A pod of a kind: it answers by hand, while a request still comes. */
export async function strangeOwner(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const requests: IncomingMessage[] = [];
  const port = await serve('127.0.0.4', (request, response) => {
    requests.push(request);
    response.setHeader(proofHeader, podId);
    answer(request, response);
  });
  return { serverIp: '127.0.0.4', port, podId, requests };
}

/** Another program at the address that a pod had: it answers without a proof. */
export async function stranger(answer: RequestListener): Promise<FakeOwner> {
  return fakeOwner((request, response) => {
    response.removeHeader(proofHeader);
    answer(request, response);
  });
}

/** Listens until the test ends, and resolves with the port. */
async function serve(serverIp: string, answer: RequestListener): Promise<number> {
  const server = createServer(answer);
  server.listen(0, serverIp);
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

/** A process that listens, was halted, and whose queue is full: to connect to it takes for ever. */
export async function haltedOwner(): Promise<OwnerEntry> {
  const serverIp = '127.0.0.5';
  const script = `const server = require('node:net').createServer();
    server.listen({ port: 0, host: '${serverIp}', backlog: 1 }, () => console.log(server.address().port));`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const port = Number((await once(child.stdout, 'data'))[0]);
  child.kill('SIGSTOP');
  await Promise.all([RawClient.connect(`${serverIp}:${port}`), RawClient.connect(`${serverIp}:${port}`)]);
  return { serverIp, port };
}

/** How long it takes to get an answer, ms. */
export async function timed(run: () => Promise<Answer>): Promise<Answer & { tookMs: number }> {
  const startedAt = performance.now();
  const answer = await run();
  return { ...answer, tookMs: performance.now() - startedAt };
}
