import { describe, expect, it } from 'vitest';
import { dialsAreOut, recordSockets, runClient, simulate } from '../../support/device-client.ts';
import { ScriptedPod } from '../../support/scripted-pod.ts';
import { until } from '../../support/until.ts';

const lingerMs = 500;

/** A client with a connection that is asked to go in 300 ms. */
async function startAskedToGo() {
  const pod = await ScriptedPod.start();
  const { clock, surroundings } = simulate();
  const { sockets, ...watched } = recordSockets();
  const recorded = runClient(pod.url, watched, surroundings).takeMessages();
  const old = await pod.greeted();
  old.goaway(300);
  old.push('known'); // frames come in their order: with it the goaway has come, too
  await recorded.heard('message');
  return { pod, recorded, old, clock, sockets };
}

/** One whose new connection has its welcome. */
async function startReplaced() {
  const scene = await startAskedToGo();
  scene.clock.increment(300);
  const next = await scene.pod.greeted();
  await scene.recorded.heard('connected', 2);
  return { ...scene, next };
}

describe('a device that is asked to go', () => {
  it('connects anew after the time it was asked for, and goes on receiving by the old connection until then', async () => {
    const { pod, recorded, old, clock, sockets } = await startAskedToGo();

    clock.increment(299);
    await dialsAreOut();
    expect(sockets).toHaveLength(1);
    clock.increment(1);
    const next = await pod.next();
    old.push('a');
    await recorded.heard('message', 2);
    const wasSent = recorded.client.send('still here');

    expect(await old.received(1)).toEqual([{ type: 'message', data: 'still here' }]);
    expect(wasSent).toBe(true);
    expect(next.frames).toEqual([]);
  });

  it('sends by the new connection once it has its welcome, and closes the old one', async () => {
    const { recorded, old, next, clock, sockets } = await startReplaced();

    recorded.client.send('over here');
    expect(await next.received(1)).toEqual([{ type: 'message', data: 'over here' }]);
    clock.increment(lingerMs - 1);
    expect(sockets[0]!.readyState).toBe(1);
    clock.increment(1);

    expect(await old.closed).toMatchObject({ code: 1000 });
    expect(old.frames).toEqual([]);
    expect(recorded.told('disconnected')).toEqual([]);
    expect(recorded.told('state')).toEqual(['connected']);
  });

  it('gets what comes by either connection, once', async () => {
    const { recorded, old, next } = await startReplaced();

    old.push('late', { ack: true });
    await old.received(1);
    next.push('late', { ack: true });
    next.push('new');
    await recorded.heard('message', 3);

    expect(recorded.data).toEqual(['data of known', 'data of late', 'data of new']);
    expect(await next.received(1)).toEqual([{ type: 'ack', id: 'late' }]);
  });

  it.each([4509, 1012, 1006])('goes on when the pod closes the old connection by %i first', async (code) => {
    const { recorded, old, next, clock } = await startReplaced();

    old.close(code);
    await old.closed;
    clock.increment(lingerMs);
    next.push('new');
    await recorded.heard('message', 2);

    expect(recorded.told('disconnected')).toEqual([]);
    expect(recorded.client.state).toBe('connected');
  });

  it.each([4509, 1012])('goes on when %i comes before the welcome of the new one', async (code) => {
    const { pod, recorded, old, clock } = await startAskedToGo();
    clock.increment(300);
    const next = await pod.next();

    old.close(code);
    const lost = await recorded.heard('disconnected');
    expect(recorded.client.state).toBe('connecting');
    next.welcome();
    await recorded.heard('connected', 2);

    expect(lost).toEqual({ code, reason: '', retryInMs: undefined });
    expect(pod.dials).toBe(2);
  });

  it('that another machine supersedes before it has dialed stops', async () => {
    const { recorded, old } = await startAskedToGo();

    old.close(4509, 'superseded');

    expect(await recorded.heard('stopped')).toMatchObject({ code: 4509 });
  });

  it('that is kicked while it dials stops, and gives the dial up', async () => {
    const { pod, recorded, old, clock } = await startAskedToGo();
    clock.increment(300);
    const next = await pod.next();

    old.close(4503, 'kicked');

    expect(await recorded.heard('stopped')).toEqual({ code: 4503, reason: 'kicked', by: 'pod' });
    expect(await next.closed).toMatchObject({ code: 1006 });
  });

  it('whose new connection is forbidden stops, and closes the old one', async () => {
    const { pod, recorded, old, clock } = await startAskedToGo();
    clock.increment(300);

    (await pod.next()).close(4503, 'kicked');

    expect(await recorded.heard('stopped')).toEqual({ code: 4503, reason: 'kicked', by: 'pod' });
    expect(await old.closed).toMatchObject({ code: 1000 });
    expect(recorded.told('disconnected')).toEqual([{ code: 4503, reason: 'kicked', retryInMs: undefined }]);
  });

  it('keeps the old connection while no new one can be had, and tries again with backoff', async () => {
    const { pod, recorded, old, clock } = await startAskedToGo();
    pod.admission = 503;

    clock.increment(300);
    const first = await recorded.heard('failed');
    clock.increment(first.retryInMs);
    const second = await recorded.heard('failed', 2);
    old.push('a');
    await recorded.heard('message', 2);

    expect([first.retryInMs, second.retryInMs]).toEqual([500, 1000]);
    expect(old.isOpen).toBe(true);
    expect(recorded.told('state')).toEqual(['connected']);
  });

  it('dials when it was asked to, also when the old connection closes first', async () => {
    const { pod, recorded, old, clock } = await startAskedToGo();

    old.close(1012, '{"reconnectAfterMs":1900}');
    const lost = await recorded.heard('disconnected');
    clock.increment(300);
    await pod.next();

    expect(lost.retryInMs).toBeUndefined();
    expect(recorded.told('state')).toEqual(['connected', 'waiting', 'connecting']);
  });

  it('is asked again and again and dials once', async () => {
    const { pod, recorded, old, clock, sockets } = await startAskedToGo();
    old.goaway(5000);
    old.push('a');
    await recorded.heard('message', 2);

    clock.increment(300);
    await pod.greeted();
    await recorded.heard('connected', 2);
    old.goaway(0);
    old.push('b');
    await recorded.heard('message', 3);
    clock.increment(5000);
    await dialsAreOut();

    expect(sockets).toHaveLength(2);
  });

  it('without a time goes at once', async () => {
    const pod = await ScriptedPod.start();
    const { clock, surroundings } = simulate();
    const recorded = runClient(pod.url, {}, surroundings).takeMessages();
    const old = await pod.greeted();
    old.send({ type: 'goaway' });
    old.push('known');
    await recorded.heard('message');

    clock.increment(0);
    await pod.next();

    expect(old.isOpen).toBe(true);
  });

  it('after a connection that lasted begins its backoff anew', async () => {
    const pod = await ScriptedPod.start();
    const { clock, surroundings } = simulate();
    pod.admission = 503;
    const recorded = runClient(pod.url, {}, surroundings).takeMessages();
    await recorded.heard('failed');
    pod.admission = 'take';
    clock.increment(500);
    const old = await pod.greeted();
    await recorded.heard('connected');

    clock.increment(10_000);
    old.goaway(0);
    old.push('known');
    await recorded.heard('message');
    pod.admission = 503;
    clock.increment(0);

    expect(await recorded.heard('failed', 2)).toMatchObject({ retryInMs: 500 });
  });
});

it('an old connection stays until what came by it is handled and acknowledged', async () => {
  const pod = await ScriptedPod.start();
  const { clock, surroundings } = simulate();
  const recorded = runClient(pod.url, {}, surroundings);
  let finish = () => {};
  let begun = false;
  recorded.client.on('message', () => {
    begun = true;
    return new Promise<void>((resolve) => (finish = resolve));
  });
  const old = await pod.greeted();
  old.push('slow', { ack: true });
  await until(() => begun);
  recorded.client.renew();
  await pod.greeted();
  await recorded.heard('connected', 2);

  clock.increment(lingerMs * 10);
  expect(old.isOpen).toBe(true);
  finish();

  expect(await old.received(1)).toEqual([{ type: 'ack', id: 'slow' }]);
  expect(await old.closed).toMatchObject({ code: 1000 });
});

describe('renew()', () => {
  it('replaces a connection without a gap', async () => {
    const pod = await ScriptedPod.start();
    const recorded = runClient(pod.url);
    const old = await pod.greeted();
    await recorded.heard('connected');

    recorded.client.renew();
    await pod.greeted();
    await recorded.heard('connected', 2);

    expect(await old.closed).toMatchObject({ code: 1000 });
    expect(recorded.told('state')).toEqual(['connected']);
  });

  it('ends a wait, and makes no second attempt beside another', async () => {
    const pod = await ScriptedPod.start();
    const { surroundings } = simulate();
    pod.admission = 503;
    const recorded = runClient(pod.url, {}, surroundings);
    await recorded.heard('failed');
    pod.admission = 'take';

    recorded.client.renew();
    await pod.dialed(2);
    recorded.client.renew();
    await pod.greeted();
    await recorded.heard('connected');
    await dialsAreOut();

    expect(pod.dials).toBe(2);
  });
});
