import { beforeEach, describe, expect, test } from 'vitest';
import { SimulatedClock, createActor } from 'xstate';
import type { ActorRefFrom } from 'xstate';
import type { RegistryLinkEvent } from '../../machines/registry-link.ts';
import { registryLinkMachine } from '../../machines/registry-link.ts';
import { testEveryPath } from '../support/chart-tests.ts';
import { Chart } from '../../src/testing/chart.ts';
import { LinkRecorder } from '../support/link-recorder.ts';

const answered: RegistryLinkEvent = { type: 'registry.answered' };
const failed: RegistryLinkEvent = { type: 'registry.failed' };
const refused: RegistryLinkEvent = { type: 'registry.refused' };
const lost: RegistryLinkEvent = { type: 'registry.lost' };
const connected: RegistryLinkEvent = { type: 'registry.connected' };

describe('every path through the chart of the registry link', () => {
  const chart = new Chart(registryLinkMachine, {
    record: () => new LinkRecorder(),
    events: [answered, failed, refused, lost, connected],
    view: ({ value, context }) => JSON.stringify(isUp(value) ? [value, context.failures] : [value]),
  });

  testEveryPath(chart);

  test('there are 31: the start, and 6 events in each of 5 states', () => {
    const { size, paths } = chart;

    expect(size).toBe(2 + 3); // down: probing and waiting; up: steady, troubled by one failure and by two
    expect(paths).toHaveLength(1 + 6 * 5);
  });

  test('says of every event what becomes of it, but for the time of a probe, which comes only while it waits', () => {
    const unsaid = chart.pathsTo('unsaid');

    expect(unsaid.map((path) => [path.end, path.events.at(-1)?.type])).toEqual(
      ['[{"down":"probing"}]', '[{"up":"steady"},0]', '[{"up":"troubled"},1]', '[{"up":"troubled"},2]'].map((end) => [
        end,
        'xstate.after.probe.registryLink.down.waiting',
      ]),
    );
  });

  test('ignores on purpose what means nothing to it', () => {
    const ignoring = chart.pathsTo('ignored');

    expect(ignoring.map((path) => [path.end, path.events.at(-1)?.type])).toEqual([
      ['[{"down":"probing"}]', 'registry.lost'],
      ['[{"down":"probing"}]', 'registry.connected'],
      ['[{"up":"steady"},0]', 'registry.answered'],
      ['[{"down":"waiting"}]', 'registry.failed'],
      ['[{"down":"waiting"}]', 'registry.refused'],
      ['[{"down":"waiting"}]', 'registry.lost'],
    ]);
  });

  test('says that it failed after each time that it had recovered, and never else', () => {
    for (const path of chart.paths) {
      const { calls, snapshot } = chart.replay(path);
      const changes = calls.filter((call) => call !== 'probe').map((call) => call === 'recovered');
      const recoveries = changes.filter(Boolean).length;
      const failures = changes.length - recoveries;
      const isRepeated = path.events.at(-1) === connected && snapshot.hasTag('up');
      expect(recoveries - failures).toBe((snapshot.hasTag('up') ? 1 : 0) + (isRepeated ? 1 : 0));
    }
  });
});

describe('the registry link', () => {
  let clock: SimulatedClock;
  let recorder: LinkRecorder;
  let actor: ActorRefFrom<typeof registryLinkMachine>;

  beforeEach(() => {
    clock = new SimulatedClock();
    recorder = new LinkRecorder(clock);
    actor = createActor(registryLinkMachine, { clock, input: recorder.input }).start();
  });

  const send = (...events: RegistryLinkEvent[]) => {
    for (const event of events) actor.send(event);
  };
  const state = () => JSON.stringify(actor.getSnapshot().value);
  const isUpNow = () => actor.getSnapshot().hasTag('up');

  test('probes at once, and is up with the first answer', () => {
    const before = isUpNow();

    send(answered);

    expect([before, isUpNow()]).toEqual([false, true]);
    expect(recorder.calls).toEqual(['0: probe', '0: recovered']);
  });

  test('probes again 500 ms after a probe failed, however long that took', () => {
    clock.increment(1000);
    send(failed);
    clock.increment(499);
    const early = [...recorder.calls];
    clock.increment(1);
    clock.increment(10_000); // no answer to this one

    expect(early).toEqual(['0: probe']);
    expect(recorder.calls).toEqual(['0: probe', '1500: probe']);
  });

  test('does not put a probe off because other commands fail meanwhile', () => {
    send(failed);
    clock.increment(300);
    send(failed, lost);
    clock.increment(200);

    expect(recorder.calls).toEqual(['0: probe', '500: probe']);
  });

  test('probes at once when there is a connection', () => {
    send(failed);
    clock.increment(100);

    send(connected);
    clock.increment(10_000);

    expect(recorder.calls).toEqual(['0: probe', '100: probe']);
  });

  test('is up also by an answer that comes while it waits', () => {
    send(failed, answered);
    clock.increment(10_000);

    expect(isUpNow()).toBe(true);
    expect(recorder.calls).toEqual(['0: probe', '0: recovered']);
  });

  test('is opened by three failures in a row, and then waits before it probes', () => {
    send(answered, failed, failed);
    const before = isUpNow();

    send(failed);

    expect([before, isUpNow(), state()]).toEqual([true, false, '{"down":"waiting"}']);
    clock.increment(500);
    expect(recorder.calls).toEqual(['0: probe', '0: recovered', '0: failed', '500: probe']);
  });

  test('begins to count anew with every answer', () => {
    send(answered);
    for (let times = 0; times < 5; times += 1) send(failed, failed, answered);

    send(failed, failed);

    expect(isUpNow()).toBe(true);
    send(failed);
    expect(isUpNow()).toBe(false);
  });

  test('begins to count anew when it recovers', () => {
    send(answered, failed, failed, failed, answered);

    send(failed, failed);

    expect(isUpNow()).toBe(true);
  });

  test.each([[[]], [[failed]], [[failed, failed]]])('is opened at once by a lost connection, after %j', (before) => {
    send(answered, ...before);

    send(lost);

    expect(state()).toBe('{"down":"probing"}');
    expect(recorder.calls).toEqual(['0: probe', '0: recovered', '0: failed', '0: probe']);
  });

  test.each([[[]], [[failed]]])(
    'recovers and probes again when there is another connection while it is up, after %j',
    (before) => {
      send(answered, ...before);

      send(connected);

      expect(isUpNow()).toBe(true);
      expect(recorder.calls).toEqual(['0: probe', '0: recovered', '0: recovered', '0: probe']);
    },
  );

  test.each([[[]], [[failed]]])('is opened at once by a probe that is refused, and then waits, after %j', (before) => {
    send(answered, ...before, connected);

    send(refused);

    expect(state()).toBe('{"down":"waiting"}');
    clock.increment(500);
    expect(recorder.calls.slice(-2)).toEqual(['0: failed', '500: probe']);
  });

  test('stays down while its probes are refused', () => {
    send(refused);
    clock.increment(500);
    send(refused);

    expect(state()).toBe('{"down":"waiting"}');
    expect(recorder.calls).toEqual(['0: probe', '500: probe']);
  });

  test('says nothing when it is stopped', () => {
    send(answered);

    actor.stop();
    clock.increment(10_000);

    expect(recorder.calls).toEqual(['0: probe', '0: recovered']);
  });
});

function isUp(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'up' in value;
}
