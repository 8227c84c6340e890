import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { kicked } from '../../machines/disconnect.ts';
import type { Step } from '../../src/admin/follow.ts';
import { Followers } from '../../src/admin/follow.ts';
import { systemClock } from '../../src/base/clock.ts';
import { SteppedClock } from '../../src/testing/stepped-clock.ts';
import { ask, push } from '../support/ask.ts';
import { Device } from '../support/device.ts';
import { startDeviceSide } from '../support/device-side.ts';
import { EventReader } from '../support/events.ts';
import type { TestPod } from '../support/pod.ts';
import { RawClient } from '../support/raw-client.ts';
import { runDevice, runPod } from '../support/running.ts';
import { until } from '../support/until.ts';

const follow = ({ admin }: TestPod, query: string) => EventReader.open(`${admin}/events?${query}`);
const path = ({ events }: EventReader) => events.map(({ data: { event, from, to } }) => [from, event, to]);
const isOver = ({ to }: Record<string, unknown>) => to === 'unregistered';

describe('who follows a device', () => {
  it('sees every step of its connection from the beginning to the end, and what made it', async () => {
    const pod = await runPod({ IDLE_AFTER_MS: '50' });
    const reader = await follow(pod, 'device=lamp-1');
    const device = await runDevice(pod, 'lamp-1');
    await reader.first(({ to }) => to === 'registered.idle');

    await push(pod.callback, 'lamp-1');
    await reader.first(({ event }) => event === 'connection.active');
    await ask(pod.callback, '/connections/lamp-1', { method: 'DELETE' });
    await device.closed;
    const last = await reader.first(isOver);

    expect(path(reader)).toEqual([
      [null, 'xstate.init', 'connecting.registering'],
      ['connecting.registering', 'registry.registered', 'registered.active'],
      ['registered.active', 'connection.idle', 'registered.idle'],
      ['registered.idle', 'connection.active', 'registered.active'],
      ['registered.active', 'close', 'closing.unregistering'],
      ['closing.unregistering', 'registry.unregistered', 'closing.disconnecting'],
      ['closing.disconnecting', 'socket.closed', 'unregistered'],
    ]);
    expect(last).toMatchObject({ deviceId: 'lamp-1', reason: 'kicked' });
    expect(Date.parse(String(last['at']))).toBeGreaterThan(Date.now() - 20_000);
    expect(new Set(reader.events.map(({ data }) => data['traceId'])).size).toBe(1);
  });

  it('sees where a connection goes that was there before', async () => {
    const pod = await runPod();
    const device = await runDevice(pod, 'lamp-1');
    await until(async () => (await ask(pod.callback, '/connections/lamp-1')).status === 200);
    const reader = await follow(pod, 'device=lamp-1');

    device.socket.close(1000);
    await reader.first(isOver);

    expect(path(reader)[0]).toEqual(['registered.active', 'socket.closed', 'closing.unregistering']);
  });

  it('sees an event that leaves the connection where it is', async () => {
    const pod = await runPod();
    await RawClient.device(pod.device, 'lamp-1'); // answers no close
    const reader = await follow(pod, 'device=lamp-1');

    await ask(pod.callback, '/connections/lamp-1', { method: 'DELETE' });
    await reader.first(isOver);

    expect(path(reader).slice(-3)).toEqual([
      ['closing.unregistering', 'registry.unregistered', 'closing.disconnecting'],
      ['closing.disconnecting', 'peer.overdue', 'closing.disconnecting'],
      ['closing.disconnecting', 'socket.closed', 'unregistered'],
    ]);
  });

  it('sees the end of a connection that fails', async () => {
    const { connections, address } = await startDeviceSide();
    const steps: Step[] = [];
    const device = await Device.connect(address, 'lamp-1');
    const socket = connections.get('lamp-1')!;
    await until(() => socket.state === 'registered.active');
    const { system } = socket.actor!;
    const followers = new Followers({
      inspect: (observer) => system.inspect(observer),
      connections: () => connections.all(),
      clock: systemClock,
    });
    followers.follow({ deviceId: 'lamp-1' }, { step: (step) => steps.push(step), over: () => {} });
    vi.spyOn(connections, 'forget').mockImplementationOnce(() => {
      throw new Error('a bug');
    });

    socket.close(kicked);
    await device.closed;

    expect(steps).toEqual([
      expect.objectContaining({
        deviceId: 'lamp-1',
        traceId: socket.traceId,
        from: 'registered.active',
        event: 'xstate.error',
        to: 'unregistered',
        reason: 'server-error',
      }),
    ]);
  });

  it('sees all its connections here, and those of no other device', async () => {
    const pod = await runPod();
    const reader = await follow(pod, 'device=lamp-1');
    await runDevice(pod, 'lamp-2');
    await runDevice(pod, 'lamp-1');
    await runDevice(pod, 'lamp-1');

    await reader.first(({ reason, to }) => reason === 'superseded' && to === 'unregistered');

    expect(new Set(reader.events.map(({ data }) => data['deviceId']))).toEqual(new Set(['lamp-1']));
    expect(new Set(reader.events.map(({ data }) => data['traceId'])).size).toBe(2);
  });
});

describe('who follows a sample', () => {
  it('sees so many connections that begin, to the end of the last, and no others', async () => {
    const pod = await runPod();
    const before = await runDevice(pod, 'before');
    const reader = await follow(pod, 'sample=2');
    const first = await runDevice(pod, 'a');
    await first.close();
    await reader.first(isOver);
    const others = [await runDevice(pod, 'b'), await runDevice(pod, 'c')];

    for (const device of [before, ...others.toReversed()]) await device.close();
    await reader.closed;

    const [begun, ended] = ['xstate.init', 'socket.closed'].map((event) =>
      reader.events.filter(({ data }) => data['event'] === event),
    );
    expect(begun!.map(({ data }) => data['deviceId'])).toEqual(['a', 'b']);
    expect(new Set(ended!.map(({ data }) => data['deviceId']))).toEqual(new Set(['b', 'a']));
  });
});

describe('/events', () => {
  it.each(['device=', 'device=a%20b', 'device=a&device=b', 'device=a&sample=1', 'sample=0', 'sample=101', 'sample=x'])(
    '?%s is answered 400',
    async (query) => {
      const pod = await runPod();

      expect((await ask(pod.admin, `/events?${query}`)).status).toBe(400);
    },
  );

  it('lets 16 follow at once, and another when one of them has left', async () => {
    const pod = await runPod();
    const readers = await Promise.all(Array.from({ length: 16 }, () => follow(pod, 'device=a')));

    const refused = await ask(pod.admin, '/events?device=a');
    readers[0]!.leave();
    const taken = await until(async () => {
      const reader = await follow(pod, 'device=b');
      return reader.response.statusCode === 200;
    });

    expect(refused).toMatchObject({ status: 503, json: { code: 'too-many-followers' } });
    expect(taken).toBe(true);
  });

  it('says every 15 s that it is still there, and nothing else of a quiet device', async () => {
    const clock = new SteppedClock();
    const pod = await runPod({}, onTestFinished, clock);
    const reader = await follow(pod, 'device=lamp-1');

    await clock.pass(31_000, 1000);
    await until(() => reader.events.length >= 2);

    expect(reader.events).toEqual([
      { event: 'alive', data: {} },
      { event: 'alive', data: {} },
    ]);
  });

  it('has a head that ends', async () => {
    const pod = await runPod();

    const { status, headers } = await ask(pod.admin, '/events?device=lamp-1', { method: 'HEAD' });

    expect(status).toBe(200);
    expect(headers['content-type']).toBe('text/event-stream');
  });

  it('does not keep a pod from ending', async () => {
    const pod = await runPod();
    const readers = await Promise.all([follow(pod, 'device=a'), EventReader.open(`${pod.admin}/events`)]);

    pod.pod.terminate();
    const [exitCode] = await Promise.all([pod.pod.ended, ...readers.map(({ closed }) => closed)]);

    expect(exitCode).toBe(0);
  });
});
