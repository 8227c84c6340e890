import { afterEach, describe, expect, it, vi } from 'vitest';
import { dialsAreOut, recordSockets, runClient, simulate } from '../../support/device-client.ts';
import { Page } from '../../support/page.ts';
import { ScriptedPod } from '../../support/scripted-pod.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

/** A client on a page. */
async function start({ online = true } = {}) {
  const page = new Page();
  if (!online) page.goOffline();
  const pod = await ScriptedPod.start();
  const simulation = simulate(0.5);
  const { sockets, ...watched } = recordSockets();
  const recorded = runClient(pod.url, watched, simulation.surroundings);
  return { page, pod, recorded, sockets, ...simulation };
}

async function startConnected() {
  const scene = await start();
  const side = await scene.pod.greeted();
  await scene.recorded.heard('connected');
  return { ...scene, side };
}

describe('without a network', () => {
  it('the client does not dial, and dials soon after the network is back, not at once with everybody else', async () => {
    const { page, pod, recorded, clock } = await start({ online: false });
    expect(recorded.client.state).toBe('offline');
    clock.increment(3_600_000);

    page.goOnline();
    clock.increment(249);
    expect(recorded.client.state).toBe('waiting');
    clock.increment(1);
    await pod.greeted();
    await recorded.heard('connected');

    expect(recorded.told('state')).toEqual(['waiting', 'connecting', 'connected']);
  });

  it('a dial that is out is given up', async () => {
    const { page, pod, recorded } = await start();
    const side = await pod.next();

    page.goOffline();

    expect(recorded.client.state).toBe('offline');
    expect(await side.closed).toMatchObject({ code: 1006 });
    expect(recorded.told('failed')).toEqual([]);
  });

  it('a wait is given up', async () => {
    const { page, pod, recorded, side, clock } = await startConnected();
    side.close(1011);
    await recorded.heard('disconnected');

    page.goOffline();
    clock.increment(3_600_000);
    await dialsAreOut();

    expect(recorded.client.state).toBe('offline');
    expect(pod.dials).toBe(1);
  });

  it('a connection is kept; when the network is back a new one takes over', async () => {
    const { page, pod, recorded, side, clock } = await startConnected();

    page.goOffline();
    expect(recorded.client.state).toBe('connected');
    page.goOnline();
    clock.increment(250);
    await pod.greeted();
    await recorded.heard('connected', 2);
    clock.increment(500);

    expect(await side.closed).toMatchObject({ code: 1000 });
    expect(recorded.told('state')).toEqual(['connected']);
  });

  it('a connection that ends is replaced only when the network is back', async () => {
    const { page, pod, recorded, side, clock } = await startConnected();
    page.goOffline();

    side.close(1011);
    const lost = await recorded.heard('disconnected');
    clock.increment(3_600_000);
    expect(recorded.client.state).toBe('offline');
    page.goOnline();
    clock.increment(250);
    await pod.next();

    expect(lost.retryInMs).toBeUndefined();
  });
});

it('a network that comes back ends the wait of a backoff', async () => {
  const { page, pod, recorded, side, clock } = await startConnected();
  side.close(1012, '{"reconnectAfterMs":60000}');
  await recorded.heard('disconnected');

  page.goOnline();
  clock.increment(250);
  await pod.next();

  expect(pod.dials).toBe(2);
});

describe('a page that is looked at again', () => {
  it('ends the wait of a backoff', async () => {
    const { page, pod, recorded, side } = await startConnected();
    side.close(1011);
    await recorded.heard('disconnected');

    page.show('hidden');
    expect(recorded.client.state).toBe('waiting');
    page.show('visible');
    await pod.next();

    expect(recorded.client.state).toBe('connecting');
  });

  it('has a connection checked after a sleep, and left alone otherwise', async () => {
    const { page, pod, recorded, sockets, clock, sleep } = await startConnected();

    page.show('visible');
    clock.increment(0);
    await dialsAreOut();
    expect(sockets).toHaveLength(1);
    sleep(100_000);
    page.show('visible');
    clock.increment(0);
    await pod.greeted();
    await recorded.heard('connected', 2);

    expect(recorded.told('disconnected')).toEqual([]);
  });
});

it('a client that was closed hears nothing of the page any more', async () => {
  const { page, pod, recorded } = await startConnected();

  recorded.client.close();
  page.goOffline();
  page.goOnline();
  page.show('visible');

  expect(recorded.client.state).toBe('stopped');
  expect(recorded.told('state')).not.toContain('offline');
  expect(pod.dials).toBe(1);
});
