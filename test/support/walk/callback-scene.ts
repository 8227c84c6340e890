import { SimulatedClock } from 'xstate';
import { push } from '../ask.ts';
import { EnvelopeDevice } from '../envelope-device.ts';
import { freePort } from '../free-port.ts';
import { fillUp, frozenDevice, pushUntilRefused } from '../frozen-device.ts';
import { runRegistered, runTwoPods } from '../owners.ts';
import { RawClient } from '../raw-client.ts';
import type { RedisServer } from '../redis.ts';
import { runDevice, runPod } from '../running.ts';

/** The pods of the walk: one that shares a registry with another, one that wants a token, one whose registry is away, and one with limits. */
export type CallbackPlace = 'pod' | 'guarded' | 'cutOff' | 'limited';

/**
 * The pods, by the base URL of their callback listeners. Devices of `pod`: lamp-1 acknowledges, mute-1 does not, plain-1 cannot, frozen
 * and slow-1 read nothing, and no more may wait for frozen; silent-1 answers no ping, lamp-9 is to be closed. lamp-2 is on another pod,
 * lost-1 on one that is not there, and lamp-0 nowhere.
 */
export async function playCallbackScene(redis: RedisServer): Promise<Record<CallbackPlace, string>> {
  const { near, far, own } = await runTwoPods(redis, { MAX_BUFFERED_BYTES: '200000' });
  const closed = await freePort();
  const [guarded, cutOff, limited] = await Promise.all([
    runPod({ CALLBACK_AUTH: 'bearer', CALLBACK_TOKENS: 'the-right-token-1' }),
    runPod({ REDIS_URL: `redis://127.0.0.1:${closed}` }),
    runPod({ CALLBACKS_PER_DEVICE_PER_SECOND: '1' }, undefined, new SimulatedClock()), // the second is never over
  ]);
  (await EnvelopeDevice.run(near, 'lamp-1')).acknowledgeAll();
  await EnvelopeDevice.run(near, 'mute-1');
  await runDevice(near, 'plain-1');
  await RawClient.device(near.device, 'silent-1');
  await runDevice(near, 'lamp-9');
  await runRegistered(far, 'lamp-2');
  await own('lost-1', { serverIp: '127.0.0.1', port: closed });
  await frozenDevice(near, 'slow-1');
  await fillUp(near, 'slow-1');
  await frozenDevice(near);
  await pushUntilRefused(near);
  await pushUntilRefused(near, Buffer.from('x')); // what is small has no room either
  await runDevice(limited, 'lamp-1');
  await push(limited.callback, 'lamp-1');
  return { pod: near.callback, guarded: guarded.callback, cutOff: cutOff.callback, limited: limited.callback };
}
