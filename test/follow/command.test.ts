import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseFollowArguments } from '../../src/follow/command.ts';
import { UsageError } from '../../src/base/usage-error.ts';
import { ask } from '../support/ask.ts';
import { Child } from '../support/child.ts';
import { flood } from '../support/flood.ts';
import { freePort } from '../support/free-port.ts';
import { runRegistered, runTwoPods, strangeOwner } from '../support/owners.ts';
import { startProcess } from '../support/process.ts';
import type { RedisServer } from '../support/redis.ts';
import { startRedis } from '../support/redis.ts';
import { runDevice, runPod } from '../support/running.ts';
import { Device } from '../support/device.ts';
import { until } from '../support/until.ts';

const main = new URL('../../dist/src/main.js', import.meta.url).pathname;
const follow = (...args: string[]) => new Child(process.execPath, [main, 'follow', ...args]);
const steps = ({ lines }: Child) => lines.map((line) => JSON.parse(line) as Record<string, unknown>);

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

describe('ws-connect follow', () => {
  it('writes the steps of a device as JSON lines, and ends with the pod', async () => {
    const pod = startProcess({ DRAIN_INTERVAL_MS: '50', IDLE_AFTER_MS: '50' });
    const { device: address, admin } = await pod.ready();
    const device = await Device.connect(address, 'lamp-1');
    const child = follow('lamp-1', '--admin', admin);
    const talk = setInterval(() => device.send('.'), 100);

    await child.wrote('the connection is idle', () => steps(child).find(({ to }) => to === 'registered.idle'));
    clearInterval(talk);
    pod.signal('SIGTERM');
    const { code } = await child.exited;

    expect(code).toBe(0);
    expect(steps(child).at(-1)).toMatchObject({
      deviceId: 'lamp-1',
      event: 'socket.closed',
      from: 'closing.disconnecting',
      to: 'unregistered',
      reason: 'restarting',
    });
  });

  it('says on which pod a device is that is on another', async () => {
    const { near, far } = await runTwoPods(redis);
    await runRegistered(far, 'lamp-1');
    const child = follow('lamp-1', '--admin', near.admin);

    await until(() => child.stderr.includes('\n'));

    expect(child.stderr).toMatch(/^lamp-1 is on pod \S+ at 127\.0\.0\.3\. Follow it there\n$/);
  });

  it('follows a sample of the connections that begin, and ends with the last of it', async () => {
    const pod = await runPod();
    const child = follow('--sample', '1', '--admin', pod.admin);
    let number = 0;

    await until(async () => {
      await runDevice(pod, `lamp-${(number += 1)}`);
      return child.lines.length > 0;
    });
    const [{ deviceId }] = steps(child) as [{ deviceId: string }];
    await ask(pod.admin, `/connections/${deviceId}`, { method: 'DELETE' });
    const { code } = await child.exited;

    expect(code).toBe(0);
    expect(new Set(steps(child).map((step) => step['deviceId']))).toEqual(new Set([deviceId]));
    expect(steps(child).at(-1)).toMatchObject({ to: 'unregistered', reason: 'kicked' });
  });

  it('ends with 1 and a sentence when nobody answers', async () => {
    const child = follow('lamp-1', '--admin', `http://127.0.0.1:${await freePort()}`);

    const { code } = await child.exited;

    expect(code).toBe(1);
    expect(child.stderr).toMatch(/^ws-connect: http:\/\/127\.0\.0\.1:\d+ does not answer: .*ECONNREFUSED/);
  });

  it('ends with 1 and a sentence when its pod is cut off', async () => {
    const pod = startProcess();
    const { device: address, admin } = await pod.ready();
    const child = follow('lamp-1', '--admin', admin);
    await until(async () => {
      await Device.connect(address, 'lamp-1');
      return child.lines.length > 0;
    });

    pod.signal('SIGKILL');
    const { code } = await child.exited;

    expect(code).toBe(1);
    expect(child.stderr).toMatch(/^ws-connect: http:\S+ broke the connection\n$/);
  });

  it.each([
    ['a page', '<!doctype html>', 'is not the admin listener of a pod'],
    ['JSON', 'null', 'is not the admin listener of a pod'],
    ['nothing', undefined, 'does not answer: no answer within 5 s'],
  ])('ends with 1 and a sentence when something else answers with %s', async (_what, answer, why) => {
    const { serverIp, port } = await strangeOwner((_request, response) => answer && response.end(answer));
    const child = follow('lamp-1', '--admin', `http://${serverIp}:${port}`);

    const { code } = await child.exited;

    expect(code).toBe(1);
    expect(child.stderr).toBe(`ws-connect: http://${serverIp}:${port} ${why}\n`);
  });

  it.each([
    ['a body without an end', '/connections', 'application/json', 'does not answer: the answer is too large'],
    ['an event without an end', '/events', 'text/event-stream', 'broke the connection'],
  ])('ends with 1 and a sentence when something else answers with %s', async (_what, path, type, why) => {
    const { serverIp, port } = await strangeOwner((request, response) => {
      response.setHeader('Content-Type', type);
      if (request.url!.startsWith(path)) flood(response, 'data: x');
      else response.end('{}');
    });
    const child = follow('lamp-1', '--admin', `http://${serverIp}:${port}`);

    const { code } = await child.exited;

    expect(code).toBe(1);
    expect(child.stderr).toBe(`ws-connect: http://${serverIp}:${port} ${why}\n`);
  });

  it('ends with 1 and a sentence when the answer takes for ever', async () => {
    const { serverIp, port } = await strangeOwner((request, response) => {
      const timer = setInterval(() => response.write(' '), 100);
      request.socket.once('close', () => clearInterval(timer));
    });
    const child = follow('lamp-1', '--admin', `http://${serverIp}:${port}`);

    const { code } = await child.exited;

    expect(code).toBe(1);
    expect(child.stderr).toBe(`ws-connect: http://${serverIp}:${port} does not answer: no answer within 5 s\n`);
  });

  it('explains itself', async () => {
    const child = follow('--help');

    expect((await child.exited).code).toBe(0);
    expect(child.lines[0]).toContain('ws-connect follow');
  });
});

it.each([
  [[], 'Name one device, or use --sample'],
  [['a', 'b'], 'Name one device'],
  [['a', '--sample', '1'], 'Name one device'],
  [['a b'], '"a b" is not a deviceId'],
  [['--sample', '0'], 'is not allowed. Use a whole number from 1 to 100'],
  [['--sample', 'x'], 'is not allowed. Use a whole number from 1 to 100'],
  [['a', '--admin', 'nonsense'], '--admin nonsense'],
  [['a', '--admin', 'ftp://x'], '--admin ftp://x'],
  [['a', '--amdin'], '--amdin'],
])('%j are refused: %s', (args, why) => {
  const parse = () => parseFollowArguments(args);

  expect(parse).toThrow(UsageError);
  expect(parse).toThrow(why);
  expect(parse).toThrow('--help');
});
