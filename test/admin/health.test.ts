import { describe, expect, it } from 'vitest';
import { ask } from '../support/ask.ts';
import { runDevice, runPod } from '../support/running.ts';

const unreachable = { REDIS_URL: 'redis://127.0.0.1:1' };
const endless = { IDLE_AFTER_MS: '60000' };

describe('/livez', () => {
  it('is 200 while the pod serves', async () => {
    const pod = await runPod();

    const { status } = await ask(pod.admin, '/livez');

    expect(status).toBe(200);
  });

  it('is 200 while the registry cannot be reached', async () => {
    const pod = await runPod(unreachable);

    const { status } = await ask(pod.admin, '/livez');

    expect(status).toBe(200);
  });

  it('is 200 during a drain', async () => {
    const pod = await runPod(endless);
    await runDevice(pod);
    pod.pod.terminate();
    await pod.logged('drain began');

    const { status } = await ask(pod.admin, '/livez');

    expect(status).toBe(200);
  });
});

describe('/readyz', () => {
  it('is 200 once the registry was reached', async () => {
    const pod = await runPod();
    await pod.logged('ready');

    const { status } = await ask(pod.admin, '/readyz');

    expect(status).toBe(200);
  });

  it('is 503 while the registry was never reached', async () => {
    const pod = await runPod(unreachable);
    await pod.logged('the pod record could not be written');

    const { status, headers, json } = await ask(pod.admin, '/readyz');

    expect(status).toBe(503);
    expect(headers['content-type']).toBe('application/problem+json');
    expect(json).toMatchObject({ code: 'not-ready' });
  });

  it('is 503 from the start of a drain', async () => {
    const pod = await runPod(endless);
    await runDevice(pod);
    await pod.logged('ready');
    pod.pod.terminate();
    await pod.logged('drain began');

    const { status } = await ask(pod.admin, '/readyz');

    expect(status).toBe(503);
  });
});

describe('the log', () => {
  it('says where the pod listens before it says that it is ready', async () => {
    const pod = await runPod({ POD_UID: 'pod-a' });
    const ports = { devicePort: pod.devicePort, callbackPort: pod.callbackPort, adminPort: pod.adminPort };

    const ready = await pod.logged('ready');
    const listening = await pod.logged('listening');

    expect(listening).toMatchObject({ podId: 'pod-a', ...ports });
    expect(ready).toMatchObject({ podId: 'pod-a', ...ports });
    expect(pod.logs.indexOf(listening)).toBeLessThan(pod.logs.indexOf(ready));
  });

  it('says how a drain would go, at start', async () => {
    const pod = await runPod({ DRAIN_SWEEPS: '4', DRAIN_INTERVAL_MS: '500', DRAIN_MIN_BATCH: '7' });

    const { drainPlan } = await pod.logged('listening');

    expect(drainPlan).toMatchObject({ sweeps: 4, intervalMs: 500, minBatch: 7, pace: 'even' });
  });
});

it('a pod that never reached its registry ends at once and in order', async () => {
  const pod = await runPod(unreachable);

  pod.pod.terminate();

  expect(await pod.pod.ended).toBe(0);
});

it('a route that is not there is a problem', async () => {
  const pod = await runPod();

  const { status, json } = await ask(pod.admin, '/callback/lamp-1');

  expect(status).toBe(404);
  expect(json).toMatchObject({ code: 'no-such-route' });
});

it.each(['/livez', '/readyz', '/drain', '/metrics', '/connections', '/machines/pod'])(
  'DELETE %s is a 405',
  async (path) => {
    const pod = await runPod();

    const { status, headers } = await ask(pod.admin, path, { method: 'DELETE' });

    expect(status).toBe(405);
    expect(headers.allow).toContain('GET');
  },
);
