import { describe, expect, it } from 'vitest';
import { ask } from '../support/ask.ts';
import { RawClient, requestHead } from '../support/raw-client.ts';
import { runDevice, runPod } from '../support/running.ts';
import { codeOf } from '../support/tokens.ts';

const env = { ADMIN_HOSTS: 'Pods.example.com, gateway' };

describe('the admin port answers a request for', () => {
  it.each([
    '127.0.0.1',
    '127.0.0.1:8082',
    '10.1.2.3:80',
    '[::1]:8082',
    '[fd00::7]',
    'localhost',
    'LOCALHOST:8082',
    'pods.example.com',
    'PODS.EXAMPLE.COM:443',
    'gateway:8082',
  ])('%s', async (host) => {
    const pod = await runPod(env);

    const { status } = await ask(pod.admin, '/livez', { headers: { Host: host } });

    expect(status).toBe(200);
  });

  it('no host by HTTP/1.0, as some probes send it', async () => {
    const pod = await runPod(env);
    const client = await RawClient.connect(pod.admin);

    client.send('GET /livez HTTP/1.0\r\n\r\n');

    expect(await client.answer()).toMatchObject({ status: 200 });
  });
});

describe('the admin port refuses a request for', () => {
  it.each([
    'evil.example',
    'evil.example:8082',
    'sub.pods.example.com',
    'pods.example.com.evil.example',
    'pods.example.com@evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '127.1',
    '[::1',
    '[evil.example]',
    '[127.0.0.1]',
    ':8082',
    '',
  ])('%j', async (host) => {
    const pod = await runPod(env);
    const client = await RawClient.connect(pod.admin);

    client.send(requestHead('GET', '/livez').replace('Host: pod', `Host: ${host}`));
    const answer = await client.answer();

    expect([answer.status, codeOf(answer)]).toEqual([421, 'other-host']);
  });

  it('a whole address with another host, whatever the header says', async () => {
    const pod = await runPod();
    const client = await RawClient.connect(pod.admin);

    client.send(requestHead('GET', 'http://evil.example/drain', { Host: '127.0.0.1' }));
    const answer = await client.answer();

    expect([answer.status, codeOf(answer)]).toEqual([421, 'other-host']);
  });
});

it('a page whose name resolves to the pod neither drains it, nor closes connections, nor reads', async () => {
  const pod = await runPod();
  await runDevice(pod, 'lamp-1');
  const headers = { Host: 'evil.example:8082', Origin: 'http://evil.example:8082', 'Sec-Fetch-Site': 'same-origin' };

  const answers = await Promise.all([
    ask(pod.admin, '/pre-stop', { method: 'POST', headers }),
    ask(pod.admin, '/connections/lamp-1', { method: 'DELETE', headers }),
    ask(pod.admin, '/connections', { headers }),
    ask(pod.admin, '/metrics', { headers }),
    ask(pod.admin, '/', { headers }),
    ask(pod.admin, '/nothing', { headers }),
  ]);

  for (const answer of answers) expect(answer).toMatchObject({ status: 421, json: { code: 'other-host' } });
  expect((await ask(pod.admin, '/drain')).json).toMatchObject({ phase: 'serving', remaining: 1 });
});
