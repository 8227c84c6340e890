import { describe, expect, it } from 'vitest';
import { dialsAreOut, runClient, simulate } from '../../support/device-client.ts';
import type { PodSide } from '../../support/pod-side.ts';
import { ScriptedPod } from '../../support/scripted-pod.ts';

/** A client that is connected to a scripted pod, in simulated time. */
async function startConnected(chance = 0.5) {
  const pod = await ScriptedPod.start();
  const simulation = simulate(chance);
  const recorded = runClient(pod.url, {}, simulation.surroundings);
  const side = await pod.greeted();
  await recorded.heard('connected');
  return { pod, recorded, side, ...simulation };
}

/** Closes the connection `side`, lets the wait that follows pass, and returns it with the next connection. */
async function closeAndReturn({ pod, recorded, clock }: Awaited<ReturnType<typeof startConnected>>, side: PodSide) {
  const count = recorded.told('disconnected').length + 1;
  side.close(1011);
  const { retryInMs } = await recorded.heard('disconnected', count);
  clock.increment(retryInMs!);
  const next = await pod.greeted();
  await recorded.heard('connected', count + 1);
  return { retryInMs, next };
}

/** A client whose first dial hangs and whose second is a connection. */
async function startWithStray() {
  const pod = await ScriptedPod.start();
  const simulation = simulate();
  pod.admission = 'ignore';
  const recorded = runClient(pod.url, {}, simulation.surroundings);
  await pod.dialed(1);
  simulation.clock.increment(10_000);
  await recorded.heard('failed');
  pod.admission = 'take';
  simulation.clock.increment(500);
  const side = await pod.greeted();
  await recorded.heard('connected');
  return { pod, recorded, side, ...simulation };
}

describe('a connection that ends', () => {
  it.each([1000, 1001, 1006, 1009, 1011, 1012, 1013, 3000, 4000, 4408, 4429, 4499])(
    'by %i is replaced after a wait',
    async (code) => {
      const { pod, recorded, side, clock } = await startConnected();

      side.close(code, 'some reason');
      const lost = await recorded.heard('disconnected');
      clock.increment(500);
      await pod.greeted();
      await recorded.heard('connected', 2);

      expect(lost).toEqual({ code, reason: code === 1006 ? '' : 'some reason', retryInMs: 500 });
      expect(recorded.told('state')).toEqual(['connected', 'waiting', 'connecting', 'connected']);
    },
  );

  it.each([4500, 4503, 4509, 4999])('by %i stops the client for good', async (code) => {
    const { pod, recorded, side, clock } = await startConnected();

    side.close(code, 'some reason');
    const stopped = await recorded.heard('stopped');
    clock.increment(3_600_000);
    recorded.client.renew();
    await dialsAreOut();

    expect(recorded.told('disconnected')).toEqual([{ code, reason: 'some reason', retryInMs: undefined }]);
    expect(stopped).toEqual({ code, reason: 'some reason', by: 'pod' });
    expect(recorded.client.state).toBe('stopped');
    expect(pod.dials).toBe(1);
  });

  it('before its welcome by a code that forbids to return stops the client, too', async () => {
    const pod = await ScriptedPod.start();
    const recorded = runClient(pod.url);

    (await pod.next()).close(4503, 'kicked');

    expect(await recorded.heard('stopped')).toEqual({ code: 4503, reason: 'kicked', by: 'pod' });
    expect(recorded.told('disconnected')).toEqual([]);
  });

  it('by a drain is replaced after the time the pod has asked for, without backoff', async () => {
    const { pod, recorded, side, clock } = await startConnected();

    side.close(1012, '{"reconnectAfterMs":1731}');
    const lost = await recorded.heard('disconnected');
    clock.increment(1730);
    expect(recorded.client.state).toBe('waiting');
    clock.increment(1);
    await pod.next();

    expect(lost.retryInMs).toBe(1731);
  });

  it('as its token is over is replaced at once, and with backoff when it happens again', async () => {
    const { pod, recorded, side, clock } = await startConnected();

    side.close(4401, 'token-expired');
    const first = await recorded.heard('disconnected');
    clock.increment(0);
    const next = await pod.greeted();
    await recorded.heard('connected', 2);
    next.close(4401, 'token-expired');
    const second = await recorded.heard('disconnected', 2);

    expect([first.retryInMs, second.retryInMs]).toEqual([0, 500]);
  });
});

describe('the failures', () => {
  it('are not forgotten for a connection that did not last', async () => {
    const scene = await startConnected();

    const first = await closeAndReturn(scene, scene.side);
    scene.clock.increment(9999);
    const second = await closeAndReturn(scene, first.next);

    expect([first.retryInMs, second.retryInMs]).toEqual([500, 1000]);
  });

  it('are forgotten for one that lasted', async () => {
    const scene = await startConnected();

    const first = await closeAndReturn(scene, scene.side);
    scene.clock.increment(10_000);
    const second = await closeAndReturn(scene, first.next);

    expect([first.retryInMs, second.retryInMs]).toEqual([500, 500]);
  });
});

describe('a dial that was given up', () => {
  it('and supersedes the connection after it does not stop the client', async () => {
    const { pod, recorded, side, clock } = await startWithStray();

    side.close(4509, 'superseded');
    const lost = await recorded.heard('disconnected');
    clock.increment(lost.retryInMs!);
    await pod.greeted();
    await recorded.heard('connected', 2);

    expect(lost.retryInMs).toBe(1000); // its second failure
    expect(recorded.told('stopped')).toEqual([]);
  });

  it('excuses no other code', async () => {
    const { recorded, side } = await startWithStray();

    side.close(4503, 'kicked');

    expect(await recorded.heard('stopped')).toMatchObject({ code: 4503 });
  });

  it('excuses nothing after a minute', async () => {
    const { recorded, side, clock } = await startWithStray();
    clock.increment(59_500);

    side.close(4509, 'superseded');

    expect(await recorded.heard('stopped')).toMatchObject({ code: 4509 });
  });

  it('is also one that was lost before its welcome', async () => {
    const pod = await ScriptedPod.start();
    const { clock, surroundings } = simulate();
    const recorded = runClient(pod.url, {}, surroundings);
    (await pod.next()).close(1006);
    await recorded.heard('failed');
    clock.increment(500);
    const side = await pod.greeted();
    await recorded.heard('connected');

    side.close(4509, 'superseded');
    const lost = await recorded.heard('disconnected');

    expect(lost.retryInMs).toBe(1000);
    expect(recorded.client.state).toBe('waiting');
  });

  it('is not one that was superseded before its welcome', async () => {
    const pod = await ScriptedPod.start();
    const recorded = runClient(pod.url);

    (await pod.next()).close(4509, 'superseded');

    expect(await recorded.heard('stopped')).toMatchObject({ code: 4509 });
  });

  it('excuses nothing when it was refused: then no pod has it', async () => {
    const pod = await ScriptedPod.start();
    const { clock, surroundings } = simulate();
    pod.admission = 503;
    const recorded = runClient(pod.url, {}, surroundings);
    await recorded.heard('failed');
    pod.admission = 'take';
    clock.increment(500);
    const side = await pod.greeted();
    await recorded.heard('connected');

    side.close(4509, 'superseded');

    expect(await recorded.heard('stopped')).toMatchObject({ code: 4509 });
  });
});
