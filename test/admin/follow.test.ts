import { describe, expect, it } from 'vitest';
import { ask, push } from '../support/ask.ts';
import type { TestPod } from '../support/pod.ts';
import { EventReader } from '../support/events.ts';
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

  it('sees an event that the connection ignores, as a step to where it is', async () => {
    const pod = await runPod();
    await runDevice(pod, 'lamp-1');
    const reader = await follow(pod, 'device=lamp-1');
    const kick = () => ask(pod.callback, '/connections/lamp-1', { method: 'DELETE' });

    await kick();
    await kick();
    await reader.first(isOver);

    const stays = path(reader).filter(([from, , to]) => from === to);
    expect(stays.every(([, event]) => event === 'close' || event === 'socket.closed')).toBe(true);
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
  it('sees so many connections that begin, to their end, and no others', async () => {
    const pod = await runPod();
    const before = await runDevice(pod, 'before');
    const reader = await follow(pod, 'sample=2');
    const devices = [];
    for (const deviceId of ['a', 'b', 'c']) devices.push(await runDevice(pod, deviceId));

    for (const device of [before, ...devices.toReversed()]) await device.close();
    await reader.first(({ deviceId, to }) => deviceId === 'a' && to === 'unregistered');

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

  it('does not keep a pod from ending', async () => {
    const pod = await runPod();
    const readers = await Promise.all([follow(pod, 'device=a'), EventReader.open(`${pod.admin}/events`)]);

    pod.pod.terminate();
    const [exitCode] = await Promise.all([pod.pod.ended, ...readers.map(({ closed }) => closed)]);

    expect(exitCode).toBe(0);
  });
});
