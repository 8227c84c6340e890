import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { ask, push } from '../support/ask.ts';
import { handshake, RawClient } from '../support/raw-client.ts';
import { runDevice, runPod } from '../support/running.ts';

const endless = { IDLE_AFTER_MS: '60000' };

/** Does anything listen there? */
async function listens(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

describe('the end of a drain', () => {
  it('is forced by DRAIN_DEADLINE_MS, is exit code 1, and the log says what was left', async () => {
    const pod = await runPod({ ...endless, DRAIN_DEADLINE_MS: '300' });
    const device = await runDevice(pod);

    pod.pod.terminate();
    const exitCode = await pod.pod.ended;
    const over = await pod.logged('drain over');

    expect(exitCode).toBe(1);
    expect(over).toMatchObject({ outcome: 'deadline', remaining: 1 });
    expect(over['durationMs']).toBeGreaterThanOrEqual(295);
    expect(over['durationMs']).toBeLessThan(1000);
    expect(await device.closed).toMatchObject({ code: 1006 });
  });

  it('is forced by a second signal', async () => {
    const pod = await runPod(endless);
    const device = await runDevice(pod);
    pod.pod.terminate();
    await pod.logged('drain began');

    pod.pod.terminate();
    const exitCode = await pod.pod.ended;

    expect(exitCode).toBe(1);
    expect(await pod.logged('drain over')).toMatchObject({ outcome: 'deadline', remaining: 1 });
    expect(await device.closed).toMatchObject({ code: 1006 });
  });

  it('does not wait for a device that answers no close, when forced', async () => {
    const pod = await runPod({ IDLE_AFTER_MS: '100', DRAIN_INTERVAL_MS: '50' });
    const mute = await RawClient.device(pod.device, 'mute');
    pod.pod.terminate();
    await mute.bytes(2);

    const forcedAt = performance.now();
    pod.pod.terminate();
    const exitCode = await pod.pod.ended;

    expect(exitCode).toBe(1);
    expect(performance.now() - forcedAt).toBeLessThan(1500);
  });

  it('closes all three listeners', async () => {
    const pod = await runPod();

    await pod.stop();
    const open = await Promise.all([pod.devicePort, pod.callbackPort, pod.adminPort].map(listens));

    expect(open).toEqual([false, false, false]);
  });

  it('does not wait for a client that was refused and stays', async () => {
    const pod = await runPod();
    const refused = await RawClient.connect(pod.device);
    refused.send(handshake('/connect?deviceId=..'));
    await refused.answer();
    const startedAt = performance.now();

    pod.pod.terminate();
    await pod.pod.ended;

    expect(performance.now() - startedAt).toBeLessThan(1900);
  });

  it('does not wait for clients that keep their connections', async () => {
    const pod = await runPod();
    await push(pod.callback, 'nobody');
    await ask(pod.admin, '/livez');
    const connections = [
      await RawClient.connect(pod.device),
      await RawClient.connect(pod.callback),
      await RawClient.connect(pod.admin),
    ];
    const startedAt = performance.now();

    pod.pod.terminate();
    await pod.pod.ended;

    expect(performance.now() - startedAt).toBeLessThan(1900);
    await Promise.all(connections.map(({ ended }) => ended));
  });

  it('leaves another pod of the same process as it is', async () => {
    const one = await runPod();
    const other = await runPod();
    await runDevice(other, 'lamp-1');

    await one.stop();
    const { status } = await push(other.callback, 'lamp-1');

    expect(status).toBe(200);
  });
});

it('a pod whose drain is over answers no signal any more', async () => {
  const pod = await runPod();
  pod.pod.terminate();
  const exitCode = await pod.pod.ended;

  pod.pod.terminate();

  expect(exitCode).toBe(0);
  expect(await pod.pod.ended).toBe(0);
});
