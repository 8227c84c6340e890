import { expect, it } from 'vitest';
import { podFact } from './pod-history.ts';

const time = '2026-11-23T15:00:00.123Z';
const base = { time, podId: 'a' };
const at = Date.parse(time);
const connection = { deviceId: 'lamp', traceId: 'x' };

it.each([
  [{ msg: 'ready', devicePort: 1 }, { type: 'pod.ready' }],
  [
    { msg: 'connection opened', ...connection, remotePort: 4000 },
    { type: 'connection.opened', ...connection, remotePort: 4000 },
  ],
  [
    { msg: 'connection opened', ...connection },
    { type: 'connection.opened', ...connection },
  ],
  [
    { msg: 'connection ended', ...connection, code: 4509, reason: 'superseded', durationMs: 3 },
    { type: 'connection.ended', ...connection, code: 4509, reason: 'superseded' },
  ],
  [
    { msg: 'connection crashed', ...connection, err: {} },
    { type: 'connection.ended', ...connection, code: 1011, reason: 'crashed' },
  ],
  [{ msg: 'drain began', connections: 3 }, { type: 'drain.began' }],
  [
    { msg: 'drain over', outcome: 'drained', sweeps: 1 },
    { type: 'drain.over', outcome: 'drained' },
  ],
  [
    { msg: 'stopped', exitCode: 0 },
    { type: 'pod.stopped', exitCode: 0 },
  ],
])('reads %o', (line, fact) => {
  expect(podFact({ ...base, ...line })).toEqual({ ...fact, at, podId: 'a' });
});

it('sets right what a clock says that is off', () => {
  expect(podFact({ ...base, msg: 'ready' }, 3_600_000)).toMatchObject({ at: at - 3_600_000 });
  expect(podFact({ ...base, msg: 'ready' }, -3_600_000)).toMatchObject({ at: at + 3_600_000 });
});

it('has nothing to say about other lines', () => {
  expect(podFact({ ...base, msg: 'listening' })).toBeUndefined();
  expect(podFact({ msg: 'constructor' })).toBeUndefined();
});

it.each([
  [{ ...base, msg: 'connection opened', ...connection, remotePort: '1' }, '"connection opened" without remotePort'],
  [{ ...base, msg: 'connection ended', deviceId: 'lamp', code: 1, reason: '' }, '"connection ended" without traceId'],
  [{ time, msg: 'ready' }, '"ready" without podId'],
  [{ podId: 'a', msg: 'ready' }, 'a log line without a time'],
])('refuses %o', (line, message) => {
  expect(() => podFact(line)).toThrow(message);
});
