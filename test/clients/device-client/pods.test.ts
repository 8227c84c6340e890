import { expect, it } from 'vitest';
import { ask, push } from '../../support/ask.ts';
import { runClient } from '../../support/device-client.ts';
import { runPod } from '../../support/running.ts';
import { inSeconds, jwtEnv, tokenFor } from '../../support/tokens.ts';

const urlOf = ({ device }: { device: string }) => `ws://${device}/connect`;

it('a device gets what services send, and the service hears that it has', async () => {
  const pod = await runPod();
  const recorded = runClient(urlOf(pod)).takeMessages();
  const { podId } = await recorded.heard('connected');

  const text = await ask(pod.callback, '/callback/lamp-1?ack=1&id=m-1', {
    method: 'POST',
    body: '{"on":true}',
    headers: { 'Content-Type': 'application/json' },
  });
  const bytes = await push(pod.callback, 'lamp-1', Buffer.from([0, 255]));
  await recorded.heard('message', 2);

  expect(text).toMatchObject({ status: 200, json: { outcome: 'acked', podId } });
  expect(bytes).toMatchObject({ status: 200, json: { outcome: 'delivered' } });
  expect(recorded.told('message')).toMatchObject([
    { id: 'm-1', contentType: 'application/json', data: '{"on":true}' },
    { data: Uint8Array.of(0, 255) },
  ]);
});

it('a service that sends a message again hears that the device has it, and the app does not get it twice', async () => {
  const pod = await runPod();
  const recorded = runClient(urlOf(pod)).takeMessages();
  await recorded.heard('connected');
  const headers = { 'Content-Type': 'text/plain' };
  const send = () => ask(pod.callback, '/callback/lamp-1?ack=1&id=m-1', { method: 'POST', body: 'hello', headers });

  const outcomes = [await send(), await send()].map(({ json }) => json);

  expect(outcomes).toMatchObject([{ outcome: 'acked' }, { outcome: 'acked' }]);
  expect(recorded.data).toEqual(['hello']);
});

it('a message whose listener fails is answered 504, and the device goes on', async () => {
  const pod = await runPod();
  const recorded = runClient(urlOf(pod));
  recorded.client.on('message', () => Promise.reject(new Error('no luck')));
  await recorded.heard('connected');

  const answer = await ask(pod.callback, '/callback/lamp-1?ack=1&timeoutMs=50', { method: 'POST', body: 'hello' });

  expect(answer).toMatchObject({ status: 504, json: { code: 'ack-timeout' } });
  expect(recorded.told('error')).toMatchObject([{ code: 'handler-failed' }]);
  expect(recorded.client.send('still here')).toBe(true);
});

it('a device that is kicked does not come back', async () => {
  const pod = await runPod();
  const recorded = runClient(urlOf(pod));
  await recorded.heard('connected');

  await ask(pod.callback, '/connections/lamp-1', { method: 'DELETE' });

  expect(await recorded.heard('stopped')).toEqual({ code: 4503, reason: 'kicked', by: 'pod' });
});

it('of two devices with one id the older stops', async () => {
  const pod = await runPod();
  const older = runClient(urlOf(pod));
  await older.heard('connected');

  const newer = runClient(urlOf(pod));
  await newer.heard('connected');

  expect(await older.heard('stopped')).toMatchObject({ code: 4509, by: 'pod' });
  expect(newer.client.state).toBe('connected');
});

it('a device whose token is over returns at once with a new one', async () => {
  const pod = await runPod(jwtEnv);
  const lifetimes = [-4, 60]; // pods go on for 5 s after the end
  const token = () => tokenFor('lamp-1', { claims: { exp: inSeconds(lifetimes.shift() ?? 60) } });
  const recorded = runClient(urlOf(pod), { token });

  const lost = await recorded.heard('disconnected');
  await recorded.heard('connected', 2);

  expect(lost).toEqual({ code: 4401, reason: 'token-expired', retryInMs: 0 });
  expect(recorded.told('failed')).toEqual([]);
});

it('a device that renews takes over from itself', async () => {
  const pod = await runPod();
  const recorded = runClient(urlOf(pod)).takeMessages();
  const first = await recorded.heard('connected');

  recorded.client.renew();
  const second = await recorded.heard('connected', 2);
  const { json } = await push(pod.callback, 'lamp-1');
  await recorded.heard('message');

  expect(second.traceId).not.toBe(first.traceId);
  expect(json).toMatchObject({ traceId: second.traceId });
  expect(recorded.told('state')).toEqual(['connected']);
});
