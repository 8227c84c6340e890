import { describe, expect, it } from 'vitest';
import { ask } from '../support/ask.ts';
import { runDevice, runPod } from '../support/running.ts';
import { until } from '../support/until.ts';

const fast = { DRAIN_INTERVAL_MS: '100', DRAIN_SWEEPS: '5', IDLE_AFTER_MS: '100' };
const endless = { IDLE_AFTER_MS: '60000' };

describe('/pre-stop', () => {
  it.each(['GET', 'POST'])('by %s drains the pod and answers when that is over', async (method) => {
    const pod = await runPod({ ...fast, POD_UID: 'pod-a' });
    const device = await runDevice(pod);

    const { status, json } = await ask(pod.admin, '/pre-stop', { method });

    expect(status).toBe(200);
    expect(json).toEqual({
      podId: 'pod-a',
      outcome: 'drained',
      sweeps: expect.any(Number),
      closedIdle: 1,
      closedActive: 0,
      remaining: 0,
      durationMs: expect.any(Number),
    });
    expect(await device.closed).toMatchObject({ code: 1012 });
    expect(await pod.pod.ended).toBe(0);
  });

  it('answers at once when there is nobody', async () => {
    const pod = await runPod();

    const { json } = await ask(pod.admin, '/pre-stop');

    expect(json).toMatchObject({ outcome: 'drained', closedIdle: 0, closedActive: 0, remaining: 0 });
    expect(await pod.pod.ended).toBe(0);
  });

  it('asked twenty times at once is one drain, and all get the same answer', async () => {
    const pod = await runPod(fast);
    const devices = await Promise.all(Array.from({ length: 10 }, (_, index) => runDevice(pod, `lamp-${index}`)));

    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        ask(pod.admin, '/pre-stop', { method: index % 2 === 0 ? 'GET' : 'POST' }),
      ),
    );

    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(answers.map(({ json }) => json)).toEqual(answers.map(() => answers[0]!.json));
    expect(answers[0]!.json).toMatchObject({ closedIdle: 10 });
    expect(pod.logs.filter(({ msg }) => msg === 'drain began')).toHaveLength(1);
    await Promise.all(devices.map(({ closed }) => closed));
  });

  it('followed by SIGTERM, as the kubelet does it, is one orderly drain', async () => {
    const pod = await runPod(fast);
    await runDevice(pod);
    const waiting = ask(pod.admin, '/pre-stop');
    await pod.logged('drain began');

    pod.pod.terminate();
    const { json } = await waiting;

    expect(json).toMatchObject({ outcome: 'drained', closedIdle: 1 });
    expect(await pod.pod.ended).toBe(0);
  });

  it('joins the drain that SIGTERM began', async () => {
    const pod = await runPod(fast);
    await runDevice(pod);
    pod.pod.terminate();
    await pod.logged('drain began');

    const { json } = await ask(pod.admin, '/pre-stop');

    expect(json).toMatchObject({ outcome: 'drained', closedIdle: 1 });
  });

  it('goes on when the one who asked goes away', async () => {
    const pod = await runPod(fast);
    const device = await runDevice(pod);
    const gone = new AbortController();
    const asked = fetch(`${pod.admin}/pre-stop`, { signal: gone.signal }).catch(({ name }: Error) => name);
    await pod.logged('drain began');

    gone.abort();

    expect(await asked).toBe('AbortError');
    expect(await device.closed).toMatchObject({ code: 1012 });
    expect(await pod.pod.ended).toBe(0);
  });

  it('is answered with what was left when the end was forced', async () => {
    const pod = await runPod(endless);
    await runDevice(pod, 'lamp-1');
    await runDevice(pod, 'lamp-2');
    const waiting = ask(pod.admin, '/pre-stop');
    await pod.logged('drain began');

    await pod.stop();
    const { status, json } = await waiting;

    expect(status).toBe(200);
    expect(json).toMatchObject({ outcome: 'deadline', closedIdle: 0, closedActive: 0, remaining: 2 });
  });
});

describe('/drain', () => {
  it('says that there is none', async () => {
    const pod = await runPod({ DRAIN_SWEEPS: '7' });
    await runDevice(pod);

    const { status, json } = await ask(pod.admin, '/drain');

    expect(status).toBe(200);
    expect(json).toEqual({
      phase: 'serving',
      sweep: 0,
      sweeps: 7,
      closedIdle: 0,
      closedActive: 0,
      remaining: 1,
      startedAt: null,
      deadline: null,
    });
  });

  it('says how far one is', async () => {
    const pod = await runPod({
      DRAIN_INTERVAL_MS: '100',
      DRAIN_SWEEPS: '50',
      IDLE_AFTER_MS: '300',
      DRAIN_DEADLINE_MS: '4000',
    });
    const talker = await runDevice(pod, 'talker');
    await runDevice(pod, 'quiet');
    const timer = setInterval(() => talker.send('.'), 20);
    const before = Date.now();
    pod.pod.terminate();

    const { json } = await until(async () => {
      const answer = await ask(pod.admin, '/drain');
      return (answer.json as { remaining: number }).remaining === 1 && answer;
    });
    clearInterval(timer);
    const { startedAt, deadline, sweep } = json as { startedAt: string; deadline: string; sweep: number };

    expect(json).toMatchObject({ phase: 'draining', sweeps: 50, closedIdle: 1, closedActive: 0, remaining: 1 });
    expect(sweep).toBeGreaterThan(1);
    expect(Date.parse(startedAt)).toBeGreaterThanOrEqual(before - 1);
    expect(Date.parse(deadline) - Date.parse(startedAt)).toBe(4000);
  });

  it('names the same start and the same deadline each time', async () => {
    const pod = await runPod(endless);
    await runDevice(pod);
    pod.pod.terminate();
    await pod.logged('drain began');

    const named = new Set<string>();
    for (let times = 0; times < 50; times += 1) {
      const { startedAt, deadline } = (await ask(pod.admin, '/drain')).json as Record<string, string>;
      named.add(`${startedAt} to ${deadline}`);
    }

    expect([...named]).toEqual([expect.stringMatching(/^2.*Z to 2.*Z$/)]);
  });
});
