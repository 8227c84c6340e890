import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { clockArguments, nextClockError } from './pod-clock.ts';

const hourMs = 3_600_000;

it.each([0, hourMs, -hourMs] as const)('has a process believe in a clock that is off by %d ms', (error) => {
  const told = 'JSON.stringify([Date.now(), Number(new Date()), Number(new Date(7)), Number(new Date(2026, 0))])';
  const before = Date.now() + error;

  const [now, present, seven, year] = JSON.parse(
    execFileSync(process.execPath, [...clockArguments(error), '-p', told], { encoding: 'utf8' }),
  ) as number[];

  for (const time of [now, present]) {
    expect(time).toBeGreaterThanOrEqual(before);
    expect(time).toBeLessThanOrEqual(Date.now() + error);
  }
  expect([seven, year]).toEqual([7, Number(new Date(2026, 0))]);
});

it('has one pod ahead and one behind, and all others right', () => {
  expect(nextClockError([])).toBe(hourMs);
  expect(nextClockError([hourMs])).toBe(-hourMs);
  expect(nextClockError([hourMs, -hourMs])).toBe(0);
  expect(nextClockError([0, -hourMs, 0])).toBe(hourMs);
});
