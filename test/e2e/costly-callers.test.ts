import { expect, it } from 'vitest';
import { ask, metric, push } from '../support/ask.ts';
import { EnvelopeDevice } from '../support/envelope-device.ts';
import { startProcess } from '../support/process.ts';
import { RawClient, requestHead } from '../support/raw-client.ts';

/** What the program may keep in JavaScript objects, MB. It needs about 20 for itself. */
const heapOf = (megabytes: number) => ({ NODE_OPTIONS: `--max-old-space-size=${megabytes}` });

it('bodies in chunks of one byte cost the pod about their size', { timeout: 60_000 }, async () => {
  const pod = startProcess(heapOf(64));
  const { callback, admin } = await pod.ready();
  const head = requestHead('POST', '/callback/lamp-1', { 'Transfer-Encoding': 'chunked' });
  const body = '1\r\nx\r\n'.repeat(65_535);
  const callers = await Promise.all(Array.from({ length: 30 }, () => RawClient.connect(callback)));

  await Promise.all(callers.map((caller) => new Promise((resolve) => caller.socket.write(`${head}${body}`, resolve))));
  for (const caller of callers) caller.send('0\r\n\r\n');
  const answers = await Promise.all(callers.map((caller) => caller.answer()));

  expect(answers.map(({ status }) => status)).toEqual(callers.map(() => 404));
  expect(await metric(admin, 'ws_connect_callbacks_total{outcome="not-connected"}')).toBe(callers.length);
});

it('batches in chunks of one byte cost the pod little while they wait for a device', { timeout: 60_000 }, async () => {
  const pod = startProcess(heapOf(128));
  const { callback, admin, device } = await pod.ready();
  await EnvelopeDevice.run({ device }, 'mute-1');
  const type = { 'Content-Type': 'application/x-ndjson', 'Transfer-Encoding': 'chunked' };
  const lines = '{"deviceId":"mute-1","data":"x"}\n'.repeat(300);
  const head = `${requestHead('POST', '/callback?ack=1&timeoutMs=30000', type)}${lines.length.toString(16)}\r\n${lines}\r\n`;
  const callers = await Promise.all(Array.from({ length: 60 }, () => RawClient.connect(callback)));

  for (const caller of callers) caller.send(`${head}${'1\r\nx\r\n'.repeat(30_000)}`);
  const answers = [];
  for (let count = 0; count < 100; count += 1) answers.push(await push(callback, 'lamp-0'));

  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([404]));
  expect((await ask(admin, '/livez')).status).toBe(200);
});

it('requests that are pipelined by the ten thousand cost the pod little', { timeout: 60_000 }, async () => {
  const pod = startProcess(heapOf(64));
  const { callback, admin, device } = await pod.ready();
  await EnvelopeDevice.run({ device }, 'mute-1');
  const acked = requestHead('POST', '/callback/mute-1?ack=1&timeoutMs=30000', { 'Content-Length': '1' });
  const callers = await Promise.all(Array.from({ length: 4 }, () => RawClient.connect(callback)));
  const reader = await RawClient.connect(admin);
  reader.socket.pause();

  for (const caller of callers) caller.send(`${acked}x`.repeat(50_000));
  reader.send(requestHead('GET', '/connections?limit=1000').repeat(20_000));
  const answers = [];
  for (let count = 0; count < 100; count += 1) answers.push(await push(callback, 'lamp-0'));

  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([404]));
  expect((await ask(admin, '/livez')).status).toBe(200);
});
