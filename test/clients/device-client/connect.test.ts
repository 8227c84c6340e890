import { describe, expect, it } from 'vitest';
import { dialsAreOut, runClient, simulate } from '../../support/device-client.ts';
import { ScriptedPod } from '../../support/scripted-pod.ts';
import { until } from '../../support/until.ts';

it('connects at once, and is connected when the welcome has come', async () => {
  const pod = await ScriptedPod.start();
  const recorded = runClient(`${pod.url}?zone=a#top`);
  expect(recorded.client.state).toBe('connecting');

  const side = await pod.next();
  expect(recorded.told('connected')).toEqual([]);
  side.welcome({ traceId: 'b'.repeat(32) });
  const welcome = await recorded.heard('connected');

  expect(side.path).toBe('/connect?zone=a&deviceId=lamp-1');
  expect(side.offered).toEqual(['ws-connect.v1']);
  expect(welcome).toEqual({
    deviceId: 'lamp-1',
    traceId: 'b'.repeat(32),
    podId: 'pod-1',
    registered: true,
    pingIntervalMs: 25_000,
  });
  expect(recorded.client.state).toBe('connected');
  expect(recorded.told('state')).toEqual(['connected']);
});

describe('the token', () => {
  it('is offered as a subprotocol', async () => {
    const pod = await ScriptedPod.start();
    runClient(pod.url, { token: 'abc.def' });

    const side = await pod.next();

    expect(side.offered).toEqual(['ws-connect.v1', 'bearer.abc.def']);
  });

  it('is asked for anew for every connection, and may take its time', async () => {
    const pod = await ScriptedPod.start();
    let asked = 0;
    const { client } = runClient(pod.url, { token: () => Promise.resolve(`token-${(asked += 1)}`) });

    const first = await pod.greeted();
    await first.received(0);
    first.close(4401, 'token-expired');
    const second = await pod.next();

    expect(first.offered).toContain('bearer.token-1');
    expect(second.offered).toContain('bearer.token-2');
    expect(client.state).toBe('connecting');
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('no luck');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no luck'))],
  ])('that cannot be had as the callback %s is an error and a failed attempt', async (_, token) => {
    const pod = await ScriptedPod.start();
    const recorded = runClient(pod.url, { token });

    const error = await recorded.heard('error');
    const failed = await recorded.heard('failed');

    expect(error).toMatchObject({ name: 'DeviceClientError', code: 'token-failed', cause: { message: 'no luck' } });
    expect(failed).toMatchObject({ code: 1006, reason: 'token-failed' });
    expect(recorded.client.state).toBe('waiting');
    expect(pod.dials).toBe(0);
  });

  it('that no subprotocol can carry is an error and a failed attempt', async () => {
    const recorded = runClient('ws://127.0.0.1:9/connect', { token: 'two words' });

    const error = await recorded.heard('error');
    const failed = await recorded.heard('failed');

    expect(error).toMatchObject({ code: 'dial-failed', cause: expect.any(SyntaxError) });
    expect(failed).toMatchObject({ code: 1006, reason: 'dial-failed' });
  });
});

describe('an attempt', () => {
  it('that is refused has failed, and the next comes with backoff', async () => {
    const pod = await ScriptedPod.start();
    const { clock, surroundings } = simulate(0.5);
    pod.admission = 503;
    const recorded = runClient(pod.url, {}, surroundings);

    const failed = await recorded.heard('failed');
    clock.increment(499);
    expect(recorded.client.state).toBe('waiting');
    clock.increment(1);
    const again = await recorded.heard('failed', 2);
    pod.admission = 'take';
    clock.increment(1000);
    await pod.greeted();
    await recorded.heard('connected');

    expect(failed).toEqual({ code: 1006, reason: '', retryInMs: 500 });
    expect(again).toEqual({ code: 1006, reason: '', retryInMs: 1000 });
    expect(recorded.told('state')).toEqual(['waiting', 'connecting', 'waiting', 'connecting', 'connected']);
    expect(recorded.told('error')).toEqual([]);
  });

  it('that reaches nobody has failed', async () => {
    const recorded = runClient('ws://127.0.0.1:9/connect');

    expect(await recorded.heard('failed')).toMatchObject({ code: 1006 });
  });

  it('that is not answered in time is given up', async () => {
    const pod = await ScriptedPod.start();
    const { clock, surroundings } = simulate();
    pod.admission = 'ignore';
    const recorded = runClient(pod.url, {}, surroundings);
    await pod.dialed(1);

    clock.increment(9999);
    expect(recorded.client.state).toBe('connecting');
    clock.increment(1);

    expect(await recorded.heard('failed')).toMatchObject({ code: 1006, reason: 'connect timeout' });
    expect(recorded.client.state).toBe('waiting');
  });

  it('that gets no welcome in time is given up, and the connection cut', async () => {
    const pod = await ScriptedPod.start();
    const { clock, surroundings } = simulate();
    const recorded = runClient(pod.url, { connectTimeoutMs: 300 }, surroundings);
    const side = await pod.next();

    clock.increment(300);

    expect(await recorded.heard('failed')).toMatchObject({ code: 1006, reason: 'connect timeout' });
    expect(await side.closed).toMatchObject({ code: 1006 });
  });

  it('whose token does not come in time is given up; the late token opens nothing', async () => {
    const pod = await ScriptedPod.start();
    const { clock, surroundings } = simulate();
    const late: ((token: string) => void)[] = [];
    const recorded = runClient(pod.url, { token: () => new Promise((resolve) => late.push(resolve)) }, surroundings);

    clock.increment(10_000);
    await recorded.heard('failed');
    clock.increment(500);
    await until(() => late.length === 2);
    late[0]!('late');
    late[1]!('good');
    const side = await pod.greeted();
    await recorded.heard('connected');

    expect(side.offered).toContain('bearer.good');
    expect(pod.dials).toBe(1);
    expect(recorded.told('error')).toEqual([]);
  });

  it('whose token is refused too late is given up once', async () => {
    const { clock, surroundings } = simulate();
    const late: ((error: Error) => void)[] = [];
    const token = () => new Promise<string>((_, reject) => late.push(reject));
    const recorded = runClient('ws://127.0.0.1:9/connect', { token }, surroundings);
    await until(() => late.length === 1);

    clock.increment(10_000);
    late[0]!(new Error('no luck'));
    await recorded.heard('failed');
    await dialsAreOut();

    expect(recorded.told('failed')).toHaveLength(1);
    expect(recorded.told('error')).toEqual([]);
  });
});
