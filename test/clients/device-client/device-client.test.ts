import { once } from 'node:events';
import { WebSocket } from 'ws';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { DeviceClient } from '@ws-connect/device-client';
import { recordSockets, runClient, simulate } from '../../support/device-client.ts';
import { ScriptedPod } from '../../support/scripted-pod.ts';
import { until } from '../../support/until.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

/** A client of its own, to which nobody listens. */
function startUnheard(): { logged: unknown[]; client: DeviceClient } {
  const logged: unknown[] = [];
  vi.spyOn(console, 'error').mockImplementation((error) => logged.push(error));
  const options = { url: 'ws://127.0.0.1:9', deviceId: 'lamp-1', WebSocket, token: 'two words' };
  const client = new DeviceClient(options);
  onTestFinished(() => client.close());
  return { logged, client };
}

describe('send()', () => {
  it('says whether there was a connection to send by, and keeps nothing', async () => {
    const pod = await ScriptedPod.start();
    const { clock, surroundings } = simulate();
    const recorded = runClient(pod.url, {}, surroundings);

    const early = recorded.client.send('too early');
    const side = await pod.greeted();
    await recorded.heard('connected');
    const good = recorded.client.send('good');
    await side.received(1);
    side.close(1011);
    await recorded.heard('disconnected');
    const late = recorded.client.send('too late');
    clock.increment(500);
    const next = await pod.greeted();
    await recorded.heard('connected', 2);
    recorded.client.send('good again');

    expect([early, good, late]).toEqual([false, true, false]);
    expect(side.frames).toEqual([{ type: 'message', data: 'good' }]);
    expect(await next.received(1)).toEqual([{ type: 'message', data: 'good again' }]);
  });
});

describe('close()', () => {
  it('closes the connection properly, for good, and tells so once', async () => {
    const pod = await ScriptedPod.start();
    const { clock, surroundings } = simulate();
    const recorded = runClient(pod.url, {}, surroundings);
    const side = await pod.greeted();
    await recorded.heard('connected');

    recorded.client.close();
    recorded.client.close();
    const sent = recorded.client.send('too late');
    const close = await side.closed;
    const stopped = await recorded.heard('stopped');
    clock.increment(3_600_000);

    expect(sent).toBe(false);
    expect(close).toEqual({ code: 1000, reason: 'closed by the app' });
    expect(stopped).toEqual({ code: 1000, reason: 'closed by the app', by: 'app' });
    expect(recorded.told('disconnected')).toEqual([{ code: 1000, reason: 'closed by the app', retryInMs: undefined }]);
    expect(recorded.told('stopped')).toHaveLength(1);
    expect(pod.dials).toBe(1);
  });

  it('gives no message to the app that comes after it', async () => {
    const pod = await ScriptedPod.start();
    const recorded = runClient(pod.url).takeMessages();
    const side = await pod.greeted();
    await recorded.heard('connected');

    side.push('m-1', { ack: true });
    recorded.client.close();
    await side.closed;

    expect(recorded.told('message')).toEqual([]);
    expect(side.frames).toEqual([]);
  });

  it('gives up a dial and a wait', async () => {
    const pod = await ScriptedPod.start();
    const { clock, surroundings } = simulate();
    const dialing = runClient(pod.url, {}, surroundings);
    const side = await pod.next();
    pod.admission = 503;
    const waiting = runClient(pod.url, {}, surroundings);
    await waiting.heard('failed');

    dialing.client.close();
    waiting.client.close();
    clock.increment(3_600_000);

    expect(await side.closed).toMatchObject({ code: 1006 });
    expect([dialing, waiting].map(({ client }) => client.state)).toEqual(['stopped', 'stopped']);
    expect(pod.dials).toBe(2);
  });

  it('cuts the connection to a pod that does not answer within 2 s', async () => {
    const pod = await ScriptedPod.start();
    const { clock, surroundings } = simulate();
    const { sockets, ...watched } = recordSockets();
    const recorded = runClient(pod.url, watched, surroundings);
    const side = await pod.greeted();
    await recorded.heard('connected');
    side.pause();

    recorded.client.close();
    clock.increment(1999);
    expect(sockets[0]).toMatchObject({ readyState: 2 });
    const gone = once(sockets[0]!, 'close');
    clock.increment(1);
    await gone;

    expect(sockets[0]).toMatchObject({ readyState: 3 });
  });
});

describe('a listener', () => {
  it('hears nothing more once it is taken away', async () => {
    const pod = await ScriptedPod.start();
    const recorded = runClient(pod.url);
    const heard: string[] = [];
    const off = recorded.client.on('state', (state) => heard.push(state));
    const side = await pod.greeted();
    await recorded.heard('connected');

    off();
    side.close(1011);
    await recorded.heard('disconnected');

    expect(heard).toEqual(['connected']);
  });

  it('that throws is an error, and keeps no other from hearing', async () => {
    const pod = await ScriptedPod.start();
    const recorded = runClient(pod.url);
    recorded.client.on('connected', () => {
      throw new Error('no luck');
    });
    const heard: string[] = [];
    recorded.client.on('connected', ({ podId }) => heard.push(podId));

    await pod.greeted();
    const error = await recorded.heard('error');

    expect(heard).toEqual(['pod-1']);
    expect(error).toMatchObject({ code: 'listener-failed', cause: { message: 'no luck' } });
    expect(recorded.client.state).toBe('connected');
  });

  it('may close the client', async () => {
    const pod = await ScriptedPod.start();
    const recorded = runClient(pod.url);
    recorded.client.on('disconnected', () => recorded.client.close());
    const side = await pod.greeted();
    await recorded.heard('connected');

    side.close(1011);

    expect(await recorded.heard('stopped')).toMatchObject({ by: 'app' });
    expect(recorded.told('state')).toEqual(['connected', 'waiting', 'stopped']);
  });
});

describe('an error', () => {
  it('that nobody listens for is written to the console', async () => {
    const { logged } = startUnheard();

    await until(() => logged.length > 0);

    expect(logged).toMatchObject([{ name: 'DeviceClientError', code: 'dial-failed' }]);
  });

  it('of a listener for errors is written to the console', async () => {
    const { logged, client } = startUnheard();
    client.on('error', () => {
      throw new Error('no luck');
    });

    await until(() => logged.length > 0);

    expect(logged).toMatchObject([{ message: 'no luck' }]);
  });
});
