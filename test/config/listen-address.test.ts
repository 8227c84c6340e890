import { networkInterfaces } from 'node:os';
import type { NetworkInterfaceInfo } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostPort } from '@ws-connect/callback-client/internal/address';
import { configWarnings, loadConfig } from '../../src/config.ts';
import { externalAddress } from '../../src/config/listen-address.ts';
import { ask, push } from '../support/ask.ts';
import { Device } from '../support/device.ts';
import { runTwoPods } from '../support/owners.ts';
import type { RedisServer } from '../support/redis.ts';
import { startRedis } from '../support/redis.ts';
import { runPod } from '../support/running.ts';
import { until } from '../support/until.ts';

/** Where a machine reaches itself: by both families, as far as it has them. */
const loopbacks = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .map(({ address }) => address)
  .filter((address) => address === '::1' || address === '127.0.0.1');

describe('a pod without HOST', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());

  it.each(loopbacks)('answers the kubelet, services and devices at %s', async (address) => {
    const pod = await runPod({ HOST: '' });

    const alive = await ask(`http://${hostPort(address, pod.adminPort)}`, '/livez');
    const device = await Device.connect(hostPort(address, pod.devicePort), 'lamp-1');
    const pushed = await push(`http://${hostPort(address, pod.callbackPort)}`, 'lamp-1');
    const frames = await device.received(1);
    device.vanish();

    expect([alive.status, pushed.status]).toEqual([200, 200]);
    expect(frames).toHaveLength(1);
  });

  it.each(loopbacks)('gets the callbacks that other pods forward to its POD_IP %s', async (address) => {
    const { near, prefix } = await runTwoPods(redis);
    const env = { REDIS_URL: redis.url, REDIS_PREFIX: prefix, HOST: '', POD_IP: address };
    const pod = await runPod(env);
    const device = await Device.connect(pod.device, 'lamp-1');

    const answer = await until(async () => {
      const forwarded = await push(near.callback, 'lamp-1');
      return forwarded.status === 200 && forwarded;
    });
    const frames = await device.received(1);
    device.vanish();

    expect(answer.headers['ws-connect-pod']).toBe(hostPort(address, pod.callbackPort));
    expect(frames).toHaveLength(1);
  });
});

describe('a HOST at which POD_IP cannot be reached', () => {
  it.each([
    ['0.0.0.0', 'fd00::7'],
    ['10.0.0.5', 'fd00::7'],
    ['fd00::7', '10.0.0.5'],
    ['127.0.0.1', '10.0.0.5'],
    ['::1', 'fd00::7'],
    ['10.0.0.5', '127.0.0.1'],
    ['::ffff:127.0.0.1', '10.0.0.5'],
  ])('is refused: %s and %s', (HOST, POD_IP) => {
    const load = () => loadConfig({ HOST, POD_IP });

    expect(load).toThrow(`The pod listens on HOST=${HOST}, so other pods cannot reach it at POD_IP=${POD_IP}`);
  });

  it('is taken when a port mapping stands before the pod', () => {
    const env = { HOST: '0.0.0.0', POD_IP: 'fd00::7', CALLBACK_ADVERTISED_PORT: '9081' };

    const warnings = configWarnings(loadConfig(env));

    expect(warnings).toEqual([]);
  });
});

describe('a HOST at which POD_IP is reached', () => {
  it.each([
    ['', 'fd00::7'],
    ['', '10.0.0.5'],
    ['::', 'fd00::7'],
    ['::', '10.0.0.5'],
    ['0:0::0', '10.0.0.5'],
    ['0.0.0.0', '10.0.0.5'],
    ['10.0.0.5', '10.0.0.5'],
    ['FD00:0::7', 'fd00::7'],
    ['::ffff:10.0.0.5', '10.0.0.5'],
    ['127.0.0.1', '127.0.0.1'],
  ])('is taken without a warning: %j and %s', (HOST, POD_IP) => {
    const warnings = configWarnings(loadConfig({ HOST, POD_IP }));

    expect(warnings).toEqual([]);
  });

  it('is taken with a warning when it takes address translation', () => {
    const warnings = configWarnings(loadConfig({ HOST: '10.0.0.5', POD_IP: '10.0.9.9' }));

    expect(warnings).toEqual([expect.stringContaining('POD_IP is not HOST')]);
  });
});

describe('without POD_IP', () => {
  it.each(['10.0.0.5', 'fd00::7', '127.0.0.2'])('%s is published when the pod listens there', (HOST) => {
    const config = loadConfig({ HOST, REDIS_URL: 'redis://redis:6379' });

    expect(config.podIp).toBe(HOST);
  });

  const [v4, v6] = ['IPv4', 'IPv6'] as const;
  it.each<[string, [string, 'IPv4' | 'IPv6'][], string | undefined]>([
    [
      'the first IPv4 address',
      [
        ['fd00::7', v6],
        ['10.0.0.5', v4],
        ['10.0.0.6', v4],
      ],
      '10.0.0.5',
    ],
    ['an IPv6 address where there is no IPv4', [['fd00::7', v6]], 'fd00::7'],
    ['no link-local address', [['fe80::7', v6]], undefined],
    ['no address of a machine without a network', [], undefined],
  ])('%s is published', (_what, addresses, expected) => {
    const loopback = info('127.0.0.1', 'IPv4', true);

    const address = externalAddress({ lo: [loopback], eth0: addresses.map(([text, family]) => info(text, family)) });

    expect(address).toBe(expected);
  });
});

function info(address: string, family: 'IPv4' | 'IPv6', internal = false): NetworkInterfaceInfo {
  const rest = { address, netmask: '', mac: '', internal, cidr: null };
  return family === 'IPv6' ? { ...rest, family, scopeid: 0 } : { ...rest, family };
}
