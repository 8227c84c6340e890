import { expect, it } from 'vitest';
import { isDeviceId } from '@ws-connect/callback-client/internal/device-id';
import { isDeviceId as deviceClientTakes } from '../packages/device-client/src/device-id.ts';

it.each(['a', 'A-Z_a.z:0', '...', '.a', '-', 'x'.repeat(128)])('%s is a deviceId', (text) => {
  const answer = isDeviceId(text);

  expect(answer).toBe(true);
  expect(deviceClientTakes(text)).toBe(true);
});

it.each([
  '',
  '.',
  '..',
  'x'.repeat(129),
  '../a',
  'a/b',
  'a b',
  'a\n',
  '\na',
  'a\0',
  '{a}',
  'ä',
  'ａ',
  'a%20',
  '__proto__ ',
])('%j is none', (text) => {
  const answer = isDeviceId(text);

  expect(answer).toBe(false);
  expect(deviceClientTakes(text)).toBe(false);
});
