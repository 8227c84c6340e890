import { createHmac } from 'node:crypto';
import type { Random } from '../../faults/random.ts';
import { choose } from './bytes.ts';

/** Of the pod that wants tokens. */
export const deviceSecret = 'the-secret-of-the-fuzzed-pod-is-S3cret';
export const callbackToken = 'the-token-of-the-fuzzing-service';

/** Far enough away that the same seed gives the same bytes for long: the year 2100, s. */
const expires = 4_102_444_800;

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** A JWT that lets this device in (RFC 7519). */
export function deviceToken(deviceId: string): string {
  return signed({ alg: 'HS256' }, { sub: deviceId, exp: expires });
}

function signed(header: object, claims: object): string {
  const content = `${part(header)}.${part(claims)}`;
  return `${content}.${createHmac('sha256', deviceSecret).update(content).digest('base64url')}`;
}

/** A token that lets nobody in. */
export function oddToken(random: Random): string {
  return choose(random, [
    '',
    '.',
    '..',
    'a.b.c',
    deviceToken('another'),
    signed({ alg: 'none' }, { sub: 'fuzz-1', exp: expires }),
    signed({ alg: 'HS256', crit: ['x'] }, { sub: 'fuzz-1', exp: expires }),
    signed({ alg: 'HS256' }, { sub: 'fuzz-1', exp: 'soon' }),
    signed({ alg: 'HS256' }, { sub: 'fuzz-1' }),
    signed({ alg: 'HS256' }, { sub: ['fuzz-1'], exp: expires }),
    `${deviceToken('fuzz-1')}x`,
    `${part([])}.${part([])}.`,
  ]);
}
