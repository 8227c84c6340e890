import { describe, expect, it, onTestFinished } from 'vitest';
import { TcpBalancer } from '../../src/rehearse/balancer.ts';
import { useChromium } from '../support/chromium.ts';
import type { ExampleDevice, Start } from '../support/examples/devices.ts';
import { startNodeDevice, startPageDevice, startPythonDevice } from '../support/examples/devices.ts';
import type { Service } from '../support/examples/services.ts';
import { nodeService, pythonService, shellService } from '../support/examples/services.ts';
import type { Fleet, FleetPod } from '../support/fleet.ts';
import { startFleet } from '../support/fleet.ts';
import { until } from '../support/until.ts';

const browser = useChromium();

const pairs: [string, string, (start: Start) => Promise<ExampleDevice>, Service][] = [
  ['node/device.js', 'node/service.js', startNodeDevice, nodeService],
  ['python/device.py', 'python/service.py', startPythonDevice, pythonService],
  [
    'browser/index.html',
    'shell/push.sh',
    async (start) => startPageDevice(await browser.newPage(), start),
    shellService,
  ],
];

describe.each(pairs)('examples/%s and examples/%s', (_device, _service, start, service) => {
  it.each([
    ['SIGTERM', 0],
    ['SIGKILL', null],
  ] as const)('find each other again when %s has ended the pod between them', async (signal, code) => {
    const { fleet, balancer } = await startBalancedFleet();
    const device = await start({ gateway: `ws://${balancer.address}` });
    const owner = await ownerOf(fleet);
    await send(fleet, service, 'before');

    balancer.remove(addressOf(owner));
    owner.process.signal(signal);
    if (signal === 'SIGKILL') await owner.process.exited; // a connection taken while it dies ends with nobody knowing
    await send(fleet, service, 'meanwhile');
    const exit = await owner.process.exited;
    await fleet.registered('lamp-1', fleet.others(owner)[0]!);
    await send(fleet, service, 'after');

    const printed = await until(async () => (await device.printed()).length >= 3 && device.printed());
    expect(printed).toEqual(['before', 'meanwhile', 'after']);
    expect(exit.code).toBe(code);
  });
});

/** Two pods that drain quickly, behind a balancer. */
async function startBalancedFleet(): Promise<{ fleet: Fleet; balancer: TcpBalancer }> {
  const fleet = await startFleet(2, { IDLE_AFTER_MS: '100', DRAIN_INTERVAL_MS: '100', RECONNECT_SPREAD_MS: '500' });
  const balancer = await TcpBalancer.open('round-robin');
  onTestFinished(() => balancer.close());
  for (const pod of fleet.pods) await balancer.add(addressOf(pod));
  return { fleet, balancer };
}

function addressOf({ device }: FleetPod): { host: string; port: number } {
  const [host, port] = device.split(':');
  return { host: host!, port: Number(port) };
}

/** The pod that lamp-1 is registered on, once it is. */
async function ownerOf(fleet: Fleet): Promise<FleetPod> {
  const { podId } = await until(() => fleet.entry('lamp-1'));
  return fleet.pods.find((pod) => pod.podId === podId)!;
}

/** Sends lamp-1 this text by the service, which has to succeed. */
async function send({ redis }: Fleet, service: Service, text: string): Promise<void> {
  const push = { deviceId: 'lamp-1', body: Buffer.from(text), contentType: 'text/plain', patience: 10 };
  const sent = await service({ ...push, env: { REDIS_URL: redis.url } });
  const { code } = await sent.exited;
  expect(sent.stderr).toBe('');
  expect(code).toBe(0);
}
