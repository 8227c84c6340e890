import { ask, push } from '../ask.ts';
import { EnvelopeDevice } from '../envelope-device.ts';
import { freePort } from '../free-port.ts';
import { runRegistered, runTwoPods } from '../owners.ts';
import type { TestPod } from '../pod.ts';
import { RawClient } from '../raw-client.ts';
import type { RedisServer } from '../redis.ts';
import { runDevice, runPod } from '../running.ts';

/** The pods of the walk: one that shares a registry with another, one that wants a token, and one whose registry is away. */
export type CallbackPlace = 'pod' | 'guarded' | 'cutOff';

/**
 * The pods, by the base URL of their callback listeners. Devices of `pod`: lamp-1 acknowledges, mute-1 does not, plain-1 cannot, slow-1
 * reads nothing, lamp-9 is to be closed. lamp-2 is on another pod, lost-1 on one that is not there, and lamp-0 nowhere.
 */
export async function playCallbackScene(redis: RedisServer): Promise<Record<CallbackPlace, string>> {
  const { near, far, own } = await runTwoPods(redis, { MAX_BUFFERED_BYTES: '65536' });
  const closed = await freePort();
  const [guarded, cutOff] = await Promise.all([
    runPod({ CALLBACK_AUTH: 'bearer', CALLBACK_TOKENS: 'the-right-token-1' }),
    runPod({ REDIS_URL: `redis://127.0.0.1:${closed}` }),
  ]);
  (await EnvelopeDevice.run(near, 'lamp-1')).acknowledgeAll();
  await EnvelopeDevice.run(near, 'mute-1');
  await runDevice(near, 'plain-1');
  await runDevice(near, 'lamp-9');
  await runRegistered(far, 'lamp-2');
  await own('lost-1', { serverIp: '127.0.0.1', port: closed });
  await freeze(near, 'slow-1');
  return { pod: near.callback, guarded: guarded.callback, cutOff: cutOff.callback };
}

/** A device that reads nothing any more, with so much waiting for it that it can be sent nothing. */
async function freeze(pod: TestPod, deviceId: string): Promise<void> {
  const frozen = await RawClient.device(pod.device, deviceId);
  frozen.socket.pause();
  const body = Buffer.alloc(65_536);
  const refusals: number[] = [];
  const pushOnce = async () => {
    const { status } = await push(pod.callback, deviceId, body);
    if (status === 503) refusals.push(status);
  };
  while (refusals.length === 0) {
    pushOnce().catch(() => {}); // the pod ends with the test
    await ask(pod.admin, '/livez');
  }
}
