import { expect, it, vi } from 'vitest';
import { countedCloses, metric, push } from '../support/ask.ts';
import { Device } from '../support/device.ts';
import type { ReceivedClose } from '../support/device.ts';
import type { FleetPod } from '../support/fleet.ts';
import { startFleet } from '../support/fleet.ts';
import { handshake, RawClient } from '../support/raw-client.ts';
import { until } from '../support/until.ts';

vi.setConfig({ testTimeout: 60_000 }); // several processes on a machine that may be busy

/** So long that no refresh finds out about anything while a test runs. */
const longLease = { LEASE_TTL_MS: '600000' };

const takeovers = (pod: FleetPod, result: string) =>
  metric(pod.admin, `ws_connect_takeovers_total{result="${result}"}`);

it('a device that hops to another pod is closed with 4509 on the first at once, not only at its next refresh', async () => {
  const fleet = await startFleet(2, longLease);
  const [first, second] = fleet.pods as [FleetPod, FleetPod];
  const older = await Device.connect(first.device, 'lamp-1');
  await fleet.registered('lamp-1', first);

  const hoppedAt = performance.now();
  const newer = await Device.connect(second.device, 'lamp-1');
  const close = await older.closed;
  const tookMs = performance.now() - hoppedAt;

  expect(close).toEqual({ code: 4509, reason: 'superseded' });
  expect(tookMs).toBeLessThan(2000);
  expect(await until(() => takeovers(second, 'closed'))).toBe(1);
  expect(await countedCloses([first], 1)).toEqual({ '4509 superseded': 1 });
  expect(await fleet.entries()).toMatchObject([{ podId: second.podId }]);
  const answers = await Promise.all(fleet.pods.map(({ callback }) => push(callback, 'lamp-1', 'found')));
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  expect(await newer.received(2)).toHaveLength(2);
});

it('a handshake whose device had hung up before the pod read it takes nothing over', async () => {
  const fleet = await startFleet(2, longLease);
  const [halted, other] = fleet.pods as [FleetPod, FleetPod];
  halted.process.signal('SIGSTOP');
  const dead = await Promise.all(Array.from({ length: 20 }, () => RawClient.connect(halted.device)));
  dead.forEach(({ socket }, index) => socket.end(handshake(`/connect?deviceId=device-${index}`)));
  const living = await Promise.all(dead.map((_, index) => Device.connect(other.device, `device-${index}`)));
  await until(async () => (await fleet.entriesOf(other)).length === living.length);

  halted.process.signal('SIGCONT');
  await until(async () => (await metric(halted.admin, 'ws_connect_connects_total{result="accepted"}')) === dead.length);
  await until(async () => (await metric(halted.admin, 'ws_connect_connections')) === 0);

  expect(await fleet.entriesOf(other)).toHaveLength(living.length);
  const answers = await Promise.all(living.map((_, index) => push(halted.callback, `device-${index}`, 'found')));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(await countedCloses([other], 0)).toEqual({});
});

it('devices leave a pod that does not answer, and are at home on the other', async () => {
  const fleet = await startFleet(2, longLease);
  const [halted, refuge] = fleet.pods as [FleetPod, FleetPod];
  const deviceIds = Array.from({ length: 100 }, (_, index) => `device-${index}`);
  await Promise.all(deviceIds.map((deviceId) => Device.connect(halted.device, deviceId)));
  await until(async () => (await fleet.entriesOf(halted)).length === deviceIds.length);
  halted.process.signal('SIGSTOP');

  const moved = await Promise.all(deviceIds.map((deviceId) => Device.connect(refuge.device, deviceId)));
  await until(async () => (await fleet.entriesOf(refuge)).length === deviceIds.length);
  const answers = await Promise.all(deviceIds.map((deviceId) => push(refuge.callback, deviceId, deviceId)));
  const [unanswered, skipped] = await until(async () => {
    const counts = await Promise.all([takeovers(refuge, 'unanswered'), takeovers(refuge, 'skipped')]);
    return counts[0] + counts[1] === deviceIds.length && counts;
  });

  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  const frames = await Promise.all(moved.map((device) => device.received(1)));
  expect(frames.map(([frame]) => String(frame!.data))).toEqual(deviceIds);
  expect(unanswered).toBeGreaterThanOrEqual(64);
  expect(unanswered + skipped).toBe(deviceIds.length);
});

it('two machines with one id on two pods stop fighting: one is told 4429, and the other keeps the device', async () => {
  const fleet = await startFleet(2, { LEASE_TTL_MS: '6000' });
  const [first, second] = fleet.pods as [FleetPod, FleetPod];

  const machines = [new Machine(), new Machine()] as const;
  const fights = [machines[0].fight(first, 'lamp-1'), machines[1].fight(second, 'lamp-1')];
  const { close, loser } = await Promise.race(
    fights.map(async (fight, index) => ({ close: await fight, loser: index })),
  );
  const winner = machines[1 - loser]!;

  expect(close).toEqual({ code: 4429, reason: 'contended' });
  const connects = machines[0].connects + machines[1].connects;
  expect(connects).toBeLessThanOrEqual(16);
  const counted = await countedCloses(fleet.pods, connects - 1);
  expect(counted).toEqual({ '4429 contended': 1, '4509 superseded': connects - 2 });
  await until(async () => (await push(first.callback, 'lamp-1', 'found')).status === 200);
  expect(String((await winner.latest!.received(1))[0]!.data)).toBe('found');
});

/** A machine that connects again at once whenever it was superseded, as none should. */
class Machine {
  connects = 0;
  latest: Device | undefined;

  /** Resolves with the first other close. */
  async fight(pod: FleetPod, deviceId: string): Promise<ReceivedClose> {
    for (;;) {
      this.connects += 1;
      this.latest = await Device.connect(pod.device, deviceId);
      const close = await this.latest.closed;
      if (close.code !== 4509) return close;
    }
  }
}
