import { expect, it, onTestFinished } from 'vitest';
import type { Endpoint } from '../../src/rehearse/balancer.ts';
import { TcpBalancer } from '../../src/rehearse/balancer.ts';
import { ask } from '../support/ask.ts';
import { runClient } from '../support/device-client.ts';
import type { FleetPod } from '../support/fleet.ts';
import { startFleet } from '../support/fleet.ts';

const drainSettings = { IDLE_AFTER_MS: '200', DRAIN_SWEEPS: '2', DRAIN_INTERVAL_MS: '100' };

function endpointOf({ device }: FleetPod): Endpoint {
  const { hostname, port } = new URL(`ws://${device}`);
  return { host: hostname, port: Number(port) };
}

/** One address for all these pods. */
async function balance(pods: FleetPod[]): Promise<TcpBalancer> {
  const balancer = await TcpBalancer.open('round-robin');
  onTestFinished(() => balancer.close());
  for (const pod of pods) await balancer.add(endpointOf(pod));
  return balancer;
}

/** A service that sends each message again, with the same id, until the device has acknowledged it. */
class Service {
  readonly statuses: number[] = [];
  readonly acknowledged: string[] = [];
  readonly #base: string;

  constructor({ callback }: FleetPod) {
    this.#base = callback;
  }

  async deliver(id: string): Promise<void> {
    for (;;) {
      const path = `/callback/lamp-1?ack=1&timeoutMs=500&id=${id}`;
      const { status } = await ask(this.#base, path, {
        method: 'POST',
        body: id,
        headers: { 'Content-Type': 'text/plain' },
      });
      this.statuses.push(status);
      if (status === 200) break;
    }
    this.acknowledged.push(id);
  }

  /** Delivers one message after the other until `run` is through, and one after that. */
  async deliverDuring(run: () => Promise<void>): Promise<void> {
    const over = new AbortController();
    const through = run().finally(() => over.abort());
    for (let number = 1; !over.signal.aborted; number += 1) await this.deliver(`m-${number}`);
    await through;
    await this.deliver('last');
  }
}

it('a device whose pods are drained one after the other is never offline, and gets every message once', async () => {
  const fleet = await startFleet(4, drainSettings);
  const [entrance, ...pods] = fleet.pods as [FleetPod, ...FleetPod[]];
  const balancer = await balance(pods);
  const recorded = runClient(`ws://${balancer.address}/connect`).takeMessages();
  const service = new Service(entrance);
  const podOf = (podId: string) => pods.find((pod) => pod.podId === podId)!;
  await recorded.heard('connected');

  await service.deliverDuring(async () => {
    for (const move of [1, 2]) {
      const leaving = podOf((await recorded.heard('connected', move)).podId);
      balancer.remove(endpointOf(leaving));
      await ask(leaving.admin, '/pre-stop');
      await recorded.heard('connected', move + 1);
    }
  });

  expect(recorded.data).toEqual(service.acknowledged);
  expect(service.statuses).not.toContain(404);
  expect(recorded.told('state')).toEqual(['connected']);
  expect(new Set(recorded.told('connected').map(({ podId }) => podId)).size).toBe(3);
});

it('a device whose pod stands still notices, goes to another one, and stays when the first wakes up', async () => {
  const fleet = await startFleet(2, { PING_INTERVAL_MS: '100', PONG_TIMEOUT_MS: '60000' });
  const balancer = await balance(fleet.pods);
  const options = { connectTimeoutMs: 300, backoffBaseMs: 100 };
  const recorded = runClient(`ws://${balancer.address}/connect`, options).takeMessages();
  const { podId } = await recorded.heard('connected');
  const frozen = fleet.pods.find((pod) => pod.podId === podId)!;
  const [awake] = fleet.others(frozen) as [FleetPod];
  const service = new Service(awake);

  frozen.process.signal('SIGSTOP');
  const lost = await recorded.heard('disconnected');
  await fleet.registered('lamp-1', awake);
  await service.deliver('while-frozen');
  frozen.process.signal('SIGCONT');
  await ask(frozen.admin, '/livez');
  await service.deliver('when-awake');

  expect(lost).toMatchObject({ code: 1006, reason: 'silent' });
  expect(recorded.data).toEqual(['while-frozen', 'when-awake']);
  expect(recorded.told('stopped')).toEqual([]);
});
