import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { SimulatedClock } from 'xstate';
import { ask, metric } from '../support/ask.ts';
import { Issuer } from '../support/jwks-server.ts';
import { frame, handshake, RawClient } from '../support/raw-client.ts';
import { runPod } from '../support/running.ts';
import { codeOf, knock, runKnownDevice } from '../support/tokens.ts';
import { until } from '../support/until.ts';

/** A pod that waits for its issuer, which answers when the test says so. */
async function runWaiting(env: Record<string, string> = {}) {
  const issuer = await Issuer.start();
  const makeToken = await issuer.addKey();
  const asked = new Promise<ServerResponse>((resolve) => {
    issuer.answer = resolve;
  });
  const pod = await runPod({ ...issuer.env, ...env }, undefined, new SimulatedClock());
  const keys = issuer.published;
  return {
    pod,
    asked,
    letGo: async () => void (await asked).end(keys),
    dial: async (deviceId: string, more: Buffer | string = '') => {
      const client = await RawClient.connect(pod.device);
      const head = handshake(`/connect?deviceId=${deviceId}`, { Authorization: `Bearer ${await makeToken(deviceId)}` });
      client.send(Buffer.concat([Buffer.from(head), Buffer.from(more)]));
      return client;
    },
  };
}

const hungUp = 'ws_connect_connects_total{result="hung-up"}';
const connectionsOf = async (admin: string) => (await ask(admin, '/connections')).json;

describe('while the token of a device is checked', () => {
  it('what the device sends is kept', async () => {
    const { asked, letGo, dial } = await runWaiting();
    const client = await dial('lamp-1', frame(9, 'first'));
    await asked;
    client.send(frame(9, 'second'));

    await letGo();
    const { status } = await client.answer();
    const pongs = await client.bytes(2 + 5 + 2 + 6);

    expect(status).toBe(101);
    expect(pongs.toString('latin1')).toBe('\x8a\x05first\x8a\x06second');
  });

  it.each<[string, (client: RawClient) => void]>([
    ['hangs up', (client) => client.socket.end()],
    ['breaks off', (client) => client.socket.resetAndDestroy()],
  ])('one that %s never becomes a connection', async (_what, leave) => {
    const { pod, asked, letGo, dial } = await runWaiting();
    const client = await dial('lamp-1');
    await asked; // the pod has read its handshake
    const patient = await dial('lamp-2');
    leave(client);
    await client.closed;
    await connectionsOf(pod.admin); // an answer later the pod has read whatever came before

    await letGo();
    await patient.answer();

    await until(async () => (await metric(pod.admin, hungUp)) === 1); // tokens are verified side by side
    expect(await metric(pod.admin, 'ws_connect_connects_total{result="accepted"}')).toBe(1);
    expect(JSON.stringify(await connectionsOf(pod.admin))).not.toContain('lamp-1');
  });

  it('a drain that begins refuses it', async () => {
    const clock = new SimulatedClock();
    const issuer = await Issuer.start();
    const makeOld = await issuer.addKey();
    const pod = await runPod({ ...issuer.env, IDLE_AFTER_MS: '86400000' }, undefined, clock);
    await runKnownDevice(pod, 'lamp-2', await makeOld('lamp-2')); // the drain goes on for as long as it is there
    const makeNew = await issuer.addKey();
    const asked = new Promise<ServerResponse>((resolve) => {
      issuer.answer = resolve;
    });
    clock.increment(5000);
    const refused = knock(pod, await makeNew('lamp-1'));
    const response = await asked;

    pod.pod.terminate();
    response.end(issuer.published);
    const answer = await refused;

    expect([answer.status, codeOf(answer)]).toEqual([503, 'draining']);
  });

  it('others that come do not overshoot MAX_CONNECTIONS', async () => {
    const { letGo, dial } = await runWaiting({ MAX_CONNECTIONS: '2' });
    const clients = await Promise.all(['a', 'b', 'c', 'd'].map((deviceId) => dial(deviceId)));

    await letGo();
    const answers = await Promise.all(clients.map((client) => client.answer()));

    expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([101, 101, 503, 503]);
    expect(answers.filter(({ status }) => status === 503).map(codeOf)).toEqual(['full', 'full']);
  });

  it('nobody uses up ACCEPTS_PER_SECOND, and it is not overshot afterwards', async () => {
    const { pod, letGo, dial } = await runWaiting({ ACCEPTS_PER_SECOND: '1' });
    for (let count = 0; count < 3; count += 1) {
      const stranger = await RawClient.connect(pod.device);
      stranger.send(handshake('/connect?deviceId=lamp-1'));
      await stranger.answer();
    }
    const clients = await Promise.all(['a', 'b', 'c'].map((deviceId) => dial(deviceId)));

    await letGo();
    const answers = await Promise.all(clients.map((client) => client.answer()));

    expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([101, 503, 503]);
  });

  it('the end of the pod cuts it', async () => {
    const { pod, asked, dial } = await runWaiting();
    const client = await dial('lamp-1');
    await asked;

    await pod.stop();

    await client.ended;
    expect(client.received.toString()).toBe('');
  });
});
