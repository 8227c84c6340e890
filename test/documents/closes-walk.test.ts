import { expect, it, vi } from 'vitest';
import { SteppedClock } from '../../src/testing/stepped-clock.ts';
import { asyncapi } from '../../src/documents/asyncapi.ts';
import { Connections } from '../../src/connections/connections.ts';
import { ask, countedCloses } from '../support/ask.ts';
import type { Device, ReceivedClose } from '../support/device.ts';
import { EnvelopeDevice } from '../support/envelope-device.ts';
import { frozenDevice, pushUntilRefused } from '../support/frozen-device.ts';
import type { TestPod } from '../support/pod.ts';
import { frame, RawClient } from '../support/raw-client.ts';
import { runDevice, runPod } from '../support/running.ts';
import { inSeconds, jwtEnv, runKnownDevice, tokenFor } from '../support/tokens.ts';

/** A close for each code and reason, as the device sees it. */
const walk: Record<string, () => Promise<ReceivedClose>> = {
  'a reserved opcode': () => closeAfter([frame(3)]),
  'text that is not UTF-8': () => closeAfter([frame(1, Buffer.from([0xff]))]),
  'a message of 100 bytes where 10 may be': () =>
    closeAfter([frame(2, Buffer.alloc(100))], { MAX_PAYLOAD_BYTES: '10' }),

  async 'in envelope mode what is no envelope'() {
    const device = await EnvelopeDevice.run(await runPod());
    device.send('hello');
    return device.closed;
  },

  async 'a connection that crashes'() {
    const pod = await runPod();
    const device = await runDevice(pod);
    vi.spyOn(Connections.prototype, 'forget').mockImplementationOnce(() => {
      throw new Error('a bug');
    });
    await ask(pod.callback, '/connections/lamp-1', { method: 'DELETE' });
    return device.closed;
  },

  async 'a drain'() {
    const pod = await runPod({ DRAIN_SWEEPS: '1', DRAIN_INTERVAL_MS: '100', IDLE_AFTER_MS: '1' });
    const device = await runDevice(pod);
    pod.pod.terminate();
    return device.closed;
  },

  async 'a token that expires'() {
    const token = await tokenFor('lamp-1', { claims: { exp: inSeconds(-4) } }); // clocks may differ by 5 s
    const device = await runKnownDevice(await runPod(jwtEnv), 'lamp-1', token);
    return device.closed;
  },

  async 'a device that is silent'() {
    const pod = await runPod({ PING_INTERVAL_MS: '60', PONG_TIMEOUT_MS: '200' });
    await RawClient.device(pod.device, 'lamp-1');
    return countedClose(pod);
  },

  async 'a device that reads nothing'() {
    const clock = new SteppedClock();
    const pod = await runPod({ MAX_BUFFERED_BYTES: '100000' }, undefined, clock);
    await frozenDevice(pod);
    await pushUntilRefused(pod);
    await clock.pass(10_100);
    return countedClose(pod);
  },

  async 'a device that sends too much'() {
    const device = await runDevice(await runPod({ MESSAGES_PER_CONNECTION_PER_SECOND: '1' }));
    for (const text of ['1', '2', '3']) device.send(text);
    return device.closed;
  },

  async 'two machines with one id'() {
    const pod = await runPod();
    const machines: Device[] = [];
    for (let count = 0; count < 7; count += 1) {
      machines.push(await runDevice(pod));
      if (count < 6) await machines.at(-2)?.closed;
    }
    return machines.at(-1)!.closed;
  },

  async 'a kick'() {
    const pod = await runPod();
    const device = await runDevice(pod);
    await ask(pod.callback, '/connections/lamp-1', { method: 'DELETE' });
    return device.closed;
  },

  async 'a newer connection'() {
    const pod = await runPod();
    const device = await runDevice(pod);
    await runDevice(pod);
    return device.closed;
  },
};

it('devices get every close that is documented and no other', async () => {
  const produced: string[] = [];

  for (const close of Object.values(walk)) {
    const { code, reason } = await close();
    produced.push(`${code} ${reason.replace(/:\d+/, ':N')}`);
  }

  const told = asyncapi()['x-close-codes'].map(({ code, reason }) => `${code} ${reason}`);
  expect(produced.toSorted()).toEqual(told.toSorted());
});

async function closeAfter(frames: Buffer[], env = {}): Promise<ReceivedClose> {
  const pod = await runPod(env);
  const client = await RawClient.device(pod.device, 'lamp-1');
  for (const each of frames) client.send(each);
  return client.closeFrame();
}

/** Of a device that is cut off and need not see why. */
async function countedClose(pod: TestPod): Promise<ReceivedClose> {
  const [counted] = Object.keys(await countedCloses([pod], 1));
  const [code, reason] = counted!.split(' ');
  return { code: Number(code), reason: reason! };
}
