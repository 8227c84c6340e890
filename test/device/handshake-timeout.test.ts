import { expect, it } from 'vitest';
import { startPod } from '../support/pod.ts';
import { handshake, RawClient, requestHead } from '../support/raw-client.ts';
import { until } from '../support/until.ts';

/** The handshake timeout and the longest until the next round of Node's checks, ms. */
const longestMs = 5000 + 1000 + 1500;

it.concurrent.each([
  ['sends nothing at all', ''],
  ['stops in the middle of the head', 'GET /connect?deviceId=lamp-1 HTTP/1.1\r\nHost: pod\r\nUpgrade: webs'],
  ['stops before the empty line', handshake('/connect?deviceId=lamp-1').slice(0, -2)],
  ['never sends the body it announced', requestHead('POST', '/elsewhere', { 'Content-Length': '5' })],
  ['is refused and never closes', handshake('/connect?deviceId=..')],
  ['is refused without an upgrade and never closes', requestHead('GET', '/connect')],
])('a client that %s is cut off within the handshake timeout', async (_what, bytes) => {
  const pod = await startPod();
  const client = await RawClient.connect(pod.device, () => {});
  const startedAt = performance.now();

  client.send(bytes);
  await client.ended;
  const error = await until(() => {
    client.send('x');
    return client.error;
  });

  expect(error.code).toMatch(/ECONNRESET|EPIPE/);
  expect(performance.now() - startedAt).toBeLessThan(longestMs);
  await pod.stop();
});
