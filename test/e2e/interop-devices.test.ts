import { describe, expect, it } from 'vitest';
import type { Environment } from '../../src/config.ts';
import { ask, push, stateOf } from '../support/ask.ts';
import { useChromium } from '../support/chromium.ts';
import { connectPage } from '../support/interop/chromium.ts';
import type { Connect, Frame, InteropDevice } from '../support/interop/device.ts';
import { connectNative } from '../support/interop/native.ts';
import { connectWebsocketClient, connectWebsockets } from '../support/interop/python.ts';
import { RawClient } from '../support/raw-client.ts';
import { runDevice, runPod } from '../support/running.ts';
import { jwtEnv, tokenFor } from '../support/tokens.ts';
import { until } from '../support/until.ts';

const browser = useChromium();

/** On a page of this pod's admin port: any page of 127.0.0.1 does. */
const connectChromium =
  (admin: string): Connect =>
  async (url, protocols) => {
    const page = await browser.newPage();
    await page.goto(`${admin}/livez`);
    return connectPage(page, url, protocols);
  };

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
const quickDrain = { IDLE_AFTER_MS: '50', DRAIN_INTERVAL_MS: '100' };
const wideText = 'aé漢🙂\u0000\r\n';

const devices: [name: string, connectFrom: (admin: string) => Connect][] = [
  ['python3-websockets', () => connectWebsockets],
  ['python3-websocket', () => connectWebsocketClient],
  ['the WebSocket of Node', () => connectNative],
  ['Chromium', connectChromium],
];

describe.each(devices)('%s as a device', (_name, connectFrom) => {
  const scene = (protocols: string[], env = {}) => sceneOf(connectFrom, protocols, env);

  it.each([
    [[], ''],
    [['ws-connect.plain'], 'ws-connect.plain'],
  ])('gets text and binary in plain mode as they are, having offered %j', async (offered, chosen) => {
    const { pod, device } = await scene(offered);

    await push(pod.callback, 'lamp-1', wideText, { 'Content-Type': 'text/plain' });
    await push(pod.callback, 'lamp-1', everyByte);

    expect(await device.opened()).toBe(chosen);
    expect(await device.received(2)).toEqual([{ text: wideText }, { base64: everyByte.toString('base64') }]);
  });

  it.each<Frame>([{ text: 'hello' }, { base64: 'AP8=' }])('is active when it has said %j', async (frame) => {
    const { pod, device } = await scene([], { IDLE_AFTER_MS: '300' });
    await until(async () => (await stateOf(pod.callback, 'lamp-1')) === 'registered.idle');

    device.send(frame);

    const state = await until(async () => {
      const now = await stateOf(pod.callback, 'lamp-1');
      return now !== 'registered.idle' && now;
    });

    expect(state).toBe('registered.active');
  });

  it('acknowledges a message in envelope mode', async () => {
    const { pod, device } = await scene(['ws-connect.v1']);

    const answer = ask(pod.callback, '/callback/lamp-1?ack=1&id=m-1', {
      method: 'POST',
      headers: { 'Content-Type': 'text/plain' },
      body: wideText,
    });
    const [welcome, message] = await envelopes(device, 2);
    device.send({ text: JSON.stringify({ type: 'ack', id: message!['id'] }) });

    expect(await device.opened()).toBe('ws-connect.v1');
    expect(welcome).toMatchObject({ type: 'welcome', deviceId: 'lamp-1', registered: true });
    expect(message).toEqual({ type: 'message', id: 'm-1', contentType: 'text/plain', data: wideText, ack: true });
    expect(await answer).toMatchObject({ status: 200, json: { outcome: 'acked' } });
  });

  it('answers pings, and so outlives a device that does not', async () => {
    const { pod, device } = await scene([], { PING_INTERVAL_MS: '100', PONG_TIMEOUT_MS: '1500' });
    const silent = await RawClient.device(pod.device, 'silent-1');

    await silent.ended;
    const { status } = await push(pod.callback, 'lamp-1', 'hello', { 'Content-Type': 'text/plain' });

    expect(status).toBe(200);
    expect(await device.received(1)).toEqual([{ text: 'hello' }]);
  });

  it('is told in envelope mode when to come back', async () => {
    const { pod, device } = await scene(['ws-connect.v1'], quickDrain);

    await ask(pod.admin, '/pre-stop');
    const [, goaway] = await envelopes(device, 2);

    expect(goaway).toEqual({ type: 'goaway', reason: expect.any(String), reconnectAfterMs: expect.any(Number) });
  });

  it('sees 4509 when a newer connection takes over', async () => {
    const { pod, device } = await scene([]);

    await runDevice(pod, 'lamp-1');

    expect(await device.closed()).toEqual({ code: 4509, reason: 'superseded' });
  });

  it('shows its token as a subprotocol', async () => {
    const token = await tokenFor('lamp-1');

    const { device } = await scene(['ws-connect.plain', `bearer.${token}`], jwtEnv);

    expect(await device.opened()).toBe('ws-connect.plain');
  });
});

it.each(devices.filter(([name]) => name !== 'python3-websocket'))(
  '%s sees 1012 and the hint',
  async (_name, connectFrom) => {
    const { pod, device } = await sceneOf(connectFrom, [], quickDrain);

    await ask(pod.admin, '/pre-stop');
    const { code, reason } = await device.closed();

    expect(code).toBe(1012);
    expect(JSON.parse(reason!)).toEqual({ reconnectAfterMs: expect.any(Number) });
  },
);

it('python3-websocket as Debian has it takes 1012 for a fault: it sees the end, but no code', async () => {
  const { pod, device } = await sceneOf(() => connectWebsocketClient, [], quickDrain);

  await ask(pod.admin, '/pre-stop');
  const { code } = await device.closed();

  expect([null, 1012]).toContain(code); // newer versions know it
});

/** A pod and, as lamp-1, a device that offers these subprotocols. */
async function sceneOf(connectFrom: (admin: string) => Connect, protocols: string[], env: Environment) {
  const pod = await runPod(env);
  const device = await connectFrom(pod.admin)(`ws://${pod.device}/connect?deviceId=lamp-1`, protocols);
  return { pod, device };
}

async function envelopes(device: InteropDevice, count: number): Promise<Record<string, unknown>[]> {
  const frames = await device.received(count);
  return frames.map((frame) => ('text' in frame ? (JSON.parse(frame.text) as Record<string, unknown>) : {}));
}
