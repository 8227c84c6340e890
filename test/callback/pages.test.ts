import { describe, expect, it } from 'vitest';
import { ask, metric, push } from '../support/ask.ts';
import { runDevice, runPod } from '../support/running.ts';

const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0';

describe('without tokens a page in a browser is refused', () => {
  it.each([
    ['of another site', { 'Sec-Fetch-Site': 'cross-site' }],
    ['of a sister site', { 'Sec-Fetch-Site': 'same-site' }],
    ['of a name that resolves to the pod', { Host: 'evil.example:8081', Origin: 'http://evil.example:8081' }],
    ['that says same-origin', { 'Sec-Fetch-Site': 'same-origin' }],
    ['of no origin', { Origin: 'null' }],
  ])('%s', async (_which, headers: Record<string, string>) => {
    const pod = await runPod();
    const device = await runDevice(pod);

    const answers = [
      await push(pod.callback, 'lamp-1', 'evil', headers),
      await ask(pod.callback, '/callback', { method: 'POST', body: '', headers }),
      await ask(pod.callback, '/connections/lamp-1', { headers }),
      await ask(pod.callback, '/connections/lamp-1', { method: 'DELETE', headers }),
      await ask(pod.callback, '/connections/lamp-1', { method: 'OPTIONS', headers }),
    ];
    await push(pod.callback, 'lamp-1', 'good');

    for (const answer of answers) expect(answer).toMatchObject({ status: 403, json: { code: 'other-origin' } });
    expect(await device.received(1)).toMatchObject([{ data: Buffer.from('good') }]);
  });

  it('that reads by an address its browser does not trust enough to say anything', async () => {
    const pod = await runPod();

    const { status } = await ask(pod.callback, '/connections/lamp-1', { headers: { 'User-Agent': firefox } });

    expect(status).toBe(403);
  });

  it('and counted, as what was asked for', async () => {
    const pod = await runPod();
    await push(pod.callback, 'lamp-1', 'evil', { Origin: 'null' });

    const count = await metric(pod.admin, 'ws_connect_callbacks_total{outcome="other-origin"}');

    expect(count).toBe(1);
  });
});

it.each([
  ['an address that was typed', 'GET', { 'Sec-Fetch-Site': 'none', 'User-Agent': firefox }],
  ['a service in Node, whose fetch says cors', 'GET', { 'Sec-Fetch-Mode': 'cors', 'User-Agent': 'node' }],
  ['PowerShell', 'DELETE', { 'User-Agent': 'Mozilla/5.0 (Windows NT 10.0; en-US) PowerShell/7.5' }],
])('without tokens %s is heard', async (_who, method, headers: Record<string, string>) => {
  const pod = await runPod();
  await runDevice(pod);

  const { status } = await ask(pod.callback, '/connections/lamp-1', { method, headers });

  expect(status).toBeLessThan(300);
});

it('fetch as Node has it is heard', async () => {
  const pod = await runPod();
  await runDevice(pod);

  const answer = await fetch(`${pod.callback}/callback/lamp-1`, { method: 'POST', body: 'hello' });

  expect(answer.status).toBe(200);
});

it('with tokens an Origin does not matter: no page has a token', async () => {
  const token = 'the-right-token-1';
  const pod = await runPod({ CALLBACK_AUTH: 'bearer', CALLBACK_TOKENS: token });
  await runDevice(pod);
  const headers = { Origin: 'http://dashboard.example' };

  const refused = await push(pod.callback, 'lamp-1', 'hello', headers);
  const heard = await push(pod.callback, 'lamp-1', 'hello', { ...headers, Authorization: `Bearer ${token}` });

  expect([refused.status, heard.status]).toEqual([401, 200]);
});
