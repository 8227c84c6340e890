import { describe, expect, it } from 'vitest';
import { ask, stateOf } from '../support/ask.ts';
import { startProcess } from '../support/process.ts';
import { runDevice, runPod } from '../support/running.ts';
import type { TestPod } from '../support/pod.ts';
import { until } from '../support/until.ts';

interface Page {
  total: number;
  connections: { deviceId: string; state: string }[];
}

async function page(pod: TestPod, query = ''): Promise<Page> {
  const { json } = await ask(pod.admin, `/connections${query}`);
  return json as Page;
}

const ids = ({ connections }: Page) => connections.map(({ deviceId }) => deviceId).sort();

describe('/connections', () => {
  it('is empty at first', async () => {
    const pod = await runPod();

    const found = await page(pod);

    expect(found).toEqual({ total: 0, connections: [] });
  });

  it('shows each connection as the probe does', async () => {
    const pod = await runPod();
    await runDevice(pod, 'lamp-1');
    await until(async () => (await stateOf(pod.callback, 'lamp-1')) === 'registered.active');

    const found = await page(pod);
    const { json: probed } = await ask(pod.callback, '/connections/lamp-1');

    expect(found).toMatchObject({
      total: 1,
      connections: [
        {
          deviceId: 'lamp-1',
          state: 'registered.active',
          traceId: (probed as { traceId: string }).traceId,
          connectedAt: expect.any(String),
          lastDataAt: expect.any(String),
        },
      ],
    });
  });

  it('finds by the beginning of the id', async () => {
    const pod = await runPod();
    for (const deviceId of ['lamp-1', 'lamp-2', 'door-lamp']) await runDevice(pod, deviceId);

    const found = await page(pod, '?prefix=lamp');

    expect(ids(found)).toEqual(['lamp-1', 'lamp-2']);
  });

  it.each([
    ['registered.idle', ['quiet']],
    ['registered.active', ['talker']],
    ['registered', ['quiet', 'talker']],
    ['closing', []],
    ['regis', []],
  ])('finds by the state %s', async (state, expected) => {
    const pod = await runPod({ IDLE_AFTER_MS: '300' });
    await runDevice(pod, 'quiet');
    const talker = await runDevice(pod, 'talker');
    const timer = setInterval(() => talker.send('.'), 20);
    await until(async () => (await stateOf(pod.callback, 'quiet')) === 'registered.idle');

    const found = await page(pod, `?state=${state}`);
    clearInterval(timer);

    expect(ids(found)).toEqual(expected);
  });

  it('shows as many as asked for, and how many there are', async () => {
    const pod = await runPod();
    for (let count = 0; count < 5; count += 1) await runDevice(pod, `lamp-${count}`);

    const found = await page(pod, '?limit=2');

    expect(found.connections).toHaveLength(2);
    expect(found.total).toBe(5);
  });

  it.each(['limit=0', 'limit=-1', 'limit=1001', 'limit=1e2', 'limit=2.5', 'limit=', 'limit=x', 'limit=1&limit=2'])(
    'refuses %s',
    async (query) => {
      const pod = await runPod();

      const { status, json } = await ask(pod.admin, `/connections?${query}`);

      expect(status).toBe(400);
      expect(json).toMatchObject({ code: 'bad-query' });
    },
  );

  it.each(['state=a&state=b', 'prefix=a&prefix=b'])('refuses %s', async (query) => {
    const pod = await runPod();

    const { status, json } = await ask(pod.admin, `/connections?${query}`);

    expect(status).toBe(400);
    expect(json).toMatchObject({ code: 'bad-query' });
  });
});

describe('/machines/NAME', () => {
  it.each([
    ['connection', ['connecting', 'registered', 'unverified', 'leaving', 'closing', 'unregistered']],
    ['pod', ['starting', 'serving', 'draining', 'stopped']],
  ])('%s shows the chart as JSON', async (name, states) => {
    const pod = await runPod();

    const { status, headers, json } = await ask(pod.admin, `/machines/${name}`);

    expect(status).toBe(200);
    expect(headers['content-type']).toContain('application/json');
    expect(Object.keys((json as { states: object }).states)).toEqual(states);
  });

  it.each([
    ['connection', ['[*] --> connecting', 'state registered {', 'active --> idle : connection.idle']],
    ['pod', ['[*] --> starting', 'state draining {', 'serving --> draining : drain, terminate', 'stopped --> [*]']],
  ])('%s?format=mermaid draws it', async (name, lines) => {
    const pod = await startProcess().ready();

    const { status, headers, body } = await ask(pod.admin, `/machines/${name}?format=mermaid`);
    const drawn = body
      .toString()
      .split('\n')
      .map((line) => line.trim());

    expect(status).toBe(200);
    expect(headers['content-type']).toContain('text/plain');
    expect(drawn[0]).toBe('stateDiagram-v2');
    expect(drawn).toEqual(expect.arrayContaining(lines));
  });

  it.each(['connection', 'pod'])('%s?format=svg draws it as a picture', async (name) => {
    const pod = await startProcess().ready();

    const first = await ask(pod.admin, `/machines/${name}?format=svg`);
    const second = await ask(pod.admin, `/machines/${name}?format=svg`);

    expect(first.status).toBe(200);
    expect(first.headers['content-type']).toBe('image/svg+xml');
    expect(first.body.toString()).toContain(`<title id="chart-${name}-title">`);
    expect(second.body).toEqual(first.body);
  });

  it('says what to do when the build has not drawn a chart', async () => {
    const pod = await runPod(); // it runs from the sources, beside which there is no drawn chart

    const { status, json } = await ask(pod.admin, '/machines/pod?format=svg');
    const { err } = await pod.logged('request failed');

    expect(status).toBe(500);
    expect(json).toMatchObject({ code: 'internal-error' });
    expect(err).toMatchObject({ message: expect.stringMatching(/charts\/pod\.svg is missing: run "npm run build"/) });
  });

  it.each(['format=png', 'format=', 'format=json&format=json'])('refuses %s', async (query) => {
    const pod = await runPod();

    const { status, json } = await ask(pod.admin, `/machines/pod?${query}`);

    expect(status).toBe(400);
    expect(json).toMatchObject({ code: 'bad-query' });
  });

  it.each(['none', 'Pod', 'toString', 'constructor', '__proto__', 'pod/x', ''])(
    '%j is a 404 in every format',
    async (name) => {
      const pod = await runPod();

      const answers = await Promise.all(
        ['', '?format=json', '?format=mermaid', '?format=svg'].map((query) =>
          ask(pod.admin, `/machines/${name}${query}`),
        ),
      );

      expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
    },
  );
});
