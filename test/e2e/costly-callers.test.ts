import { expect, it } from 'vitest';
import { metric } from '../support/ask.ts';
import { startProcess } from '../support/process.ts';
import { RawClient, requestHead } from '../support/raw-client.ts';

/** What the program may keep in JavaScript objects, MB. It needs about 20 for itself. */
const smallHeap = { NODE_OPTIONS: '--max-old-space-size=64' };

it('bodies in chunks of one byte cost the pod about their size', { timeout: 60_000 }, async () => {
  const pod = startProcess(smallHeap);
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
