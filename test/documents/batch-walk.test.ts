import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { resultCodes } from '../../src/callback/batch-operation.ts';
import { DeviceSocket } from '../../src/connections/socket.ts';
import { SteppedClock } from '../../src/testing/stepped-clock.ts';
import { BatchCaller, ndjson, pushBatch } from '../support/batch.ts';
import { fillUp, frozenDevice, settle } from '../support/frozen-device.ts';
import type { RedisServer } from '../support/redis.ts';
import { startRedis } from '../support/redis.ts';
import { runPod } from '../support/running.ts';
import { playCallbackScene } from '../support/walk/callback-scene.ts';
import { verify } from '../support/walk/documented.ts';

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

const data = 'hello';
const ack = { query: '?ack=1&timeoutMs=1' };

it('a line of a batch gets every result that is documented and no other', async () => {
  const bases = await playCallbackScene(redis);
  const produced = new Set<string | undefined>();
  const send = async (base: string, lines: (object | string)[], how: Parameters<typeof pushBatch>[2] = {}) => {
    const answer = await pushBatch(base, ndjson(lines), how);
    verify('callback', { method: 'POST', path: '/callback' }, answer);
    for (const { status, code } of answer.results) produced.add(status === 200 ? undefined : code);
  };

  await send(bases.pod, [
    { deviceId: 'lamp-1', data },
    '{',
    {},
    { deviceId: 'lamp-1', data, id: 'a b' },
    { deviceId: 'lamp-1', data, contentType: '\n' },
    { deviceId: 'lamp-1', base64: 'A' },
    { deviceId: 'lamp-1', data: '\ud800' },
    { deviceId: 'lamp-1', data: 'x'.repeat(65_537) },
    { deviceId: 'lamp-1', data: 'x'.repeat(131_072) },
    { deviceIds: Array.from({ length: 1001 }, () => 'lamp-1'), data },
    { deviceId: 'a b', data },
    { deviceId: 'lamp-0', data },
    { deviceId: 'frozen', data },
    { deviceId: 'lost-1', data },
  ]);
  await send(
    bases.pod,
    [
      { deviceId: 'plain-1', data },
      { deviceId: 'mute-1', data },
    ],
    ack,
  );
  await send(bases.pod, [{ deviceId: 'lamp-2', data }], { headers: { 'Ws-Connect-Hop': '1' } });
  await send(bases.limited, [{ deviceId: 'lamp-1', data }]);
  await send(bases.cutOff, [{ deviceId: 'lamp-0', data }]);
  vi.spyOn(DeviceSocket.prototype, 'deliver').mockRejectedValueOnce(new Error('a bug'));
  await send(bases.pod, [{ deviceId: 'lamp-1', data }]);
  produced.add(await codeOfStalled());

  expect(produced).toEqual(new Set([undefined, ...resultCodes]));
});

/** Of a message that a device does not take in. */
async function codeOfStalled(): Promise<string | undefined> {
  const clock = new SteppedClock();
  const pod = await runPod({}, undefined, clock);
  await frozenDevice(pod);
  await fillUp(pod, 'frozen');
  const caller = await BatchCaller.start(pod.callback);
  caller.send({ deviceId: 'frozen', data });
  await settle(pod);
  await clock.pass(5000);
  const [result] = await caller.received(1);
  return result!.code;
}
