import { expect, it, vi } from 'vitest';
import { ask, countedCloses } from '../support/ask.ts';
import { Device } from '../support/device.ts';
import type { FleetPod } from '../support/fleet.ts';
import { startFleet } from '../support/fleet.ts';
import { RawClient, requestHead } from '../support/raw-client.ts';
import { until } from '../support/until.ts';

vi.setConfig({ testTimeout: 60_000 }); // several processes on a machine that may be busy

const pongTimeoutMs = 2000;
const settings = {
  LEASE_TTL_MS: '1500',
  PING_INTERVAL_MS: '500',
  PONG_TIMEOUT_MS: String(pongTimeoutMs),
  LOG_LEVEL: 'debug',
};

it('a pod that stood still for longer than its leases answers for its devices as rightly as if it had not', async () => {
  const fleet = await startFleet(2, settings);
  const [frozen, other] = fleet.pods as [FleetPod, FleetPod];
  const stayingIds = Array.from({ length: 100 }, (_, index) => `staying-${index}`);
  const moverIds = Array.from({ length: 10 }, (_, index) => `mover-${index}`);
  const connectAll = ({ device }: FleetPod, ids: string[]) => Promise.all(ids.map((id) => Device.connect(device, id)));
  const staying = await connectAll(frozen, stayingIds);
  const before = await connectAll(frozen, moverIds);
  await until(async () => (await fleet.entriesOf(frozen)).length === stayingIds.length + moverIds.length);
  const lines = await Promise.all([...moverIds, ...stayingIds].map((id) => openLine(frozen, id)));

  frozen.process.signal('SIGSTOP');
  const frozenAt = performance.now();
  await until(async () => (await fleet.entriesOf(frozen)).length === 0);
  const moved = await connectAll(other, moverIds);
  await until(async () => (await fleet.entriesOf(other)).length === moverIds.length);
  await Promise.all(lines.map((line) => line.push()));
  await until(() => performance.now() - frozenAt > pongTimeoutMs + 500);
  frozen.process.signal('SIGCONT');

  const answers = await Promise.all(lines.map((line) => line.client.answer()));
  expect(answers.map(({ status, headers }) => [status, headers['ws-connect-pod']])).toEqual([
    ...moverIds.map(() => [200, addressOf(other)]),
    ...stayingIds.map(() => [200, addressOf(frozen)]),
  ]);
  const received = await Promise.all([...moved, ...staying].map((device) => device.received(1)));
  expect(received.map(([frame]) => String(frame!.data))).toEqual([...moverIds, ...stayingIds]);
  expect(before.flatMap(({ frames }) => frames)).toEqual([]);

  const closes = await Promise.all(before.map(({ closed }) => closed));
  expect(new Set(closes.map(({ code }) => code))).toEqual(new Set([4509]));
  await until(async () => (await fleet.entriesOf(frozen)).length === stayingIds.length);
  expect((await fleet.entriesOf(other)).length).toBe(moverIds.length);
  await until(async () => !(await statesOf(frozen)).includes('unverified'));
  expect(await countedCloses([frozen], moverIds.length)).toEqual({ '4509 superseded': moverIds.length });
  expect([...staying, ...moved].filter(({ socket }) => socket.readyState !== socket.OPEN)).toEqual([]);
  const thaws = frozen.process.log.all('the process stalled: every connection is verified again before it is used');
  expect(Math.max(...thaws.map(({ frozenMs }) => Number(frozenMs)))).toBeGreaterThan(pongTimeoutMs);
});

/** A connection to the callback port that the pod has taken already, so that what comes on it is read as soon as the pod wakes. */
async function openLine({ callback }: FleetPod, deviceId: string) {
  const client = await RawClient.connect(callback);
  client.send(requestHead('GET', `/connections/${deviceId}`));
  await client.answer();
  const head = requestHead('POST', `/callback/${deviceId}`, { 'Content-Length': String(deviceId.length) });
  return {
    client,
    /** Hands a callback over to the kernel. Its body is the deviceId. */
    push: () => new Promise((resolve) => client.socket.write(head + deviceId, resolve)),
  };
}

async function statesOf({ admin }: FleetPod): Promise<string[]> {
  const { json } = await ask(admin, '/connections?limit=1000');
  return (json as { connections: { state: string }[] }).connections.map(({ state }) => state);
}

function addressOf({ callback }: FleetPod): string {
  return callback.replace('http://', '');
}
