import { expect, it } from 'vitest';
import {
  bytes,
  clockTime,
  count,
  dateTime,
  duration,
  latency,
  plural,
  rate,
} from '../../../packages/console/page/format.ts';

const hour = 3_600_000;

it.each([
  [count(1_234_567), '1,234,567'],
  [rate(0), '0'],
  [rate(0.04), '0'],
  [rate(3.44), '3.4'],
  [rate(1234.5), '1,235'],
  [latency(0.42), '0.4 ms'],
  [latency(31.4), '31 ms'],
  [latency(1234), '1.2 s'],
  [duration(-5), '0 s'],
  [duration(7400), '7 s'],
  [duration(200_000), '3 min 20 s'],
  [duration(2 * hour + 5_000), '2 h'],
  [duration(25 * hour), '1 d 1 h'],
  [bytes(999), '999 B'],
  [bytes(5500), '5.5 kB'],
  [bytes(12_345_678), '12 MB'],
  [clockTime('2026-11-23T21:30:05.123Z'), '21:30:05'],
  [clockTime('2026-11-23T21:30:05.123Z', 'ms'), '21:30:05.123'],
  [dateTime('2026-11-23T21:30:05.123Z'), '2026-11-23 21:30:05'],
  [plural(1, 'pod'), '1 pod'],
  [plural(1200, 'pod'), '1,200 pods'],
])('writes %s like %s', (written, expected) => {
  expect(written).toBe(expected);
});
