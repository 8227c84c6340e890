import { malformed } from '../http/malformed.ts';
import type { ProblemCode } from '../http/problems.ts';

/** All problems that a connect can be refused with, instead of the upgrade. They include those of invalid HTTP requests. */
export const refusals: readonly ProblemCode[] = [
  ...malformed,
  'bad-device-id',
  'bad-handshake',
  'no-token',
  'bad-token',
  'token-expired',
  'identity-not-allowed',
  'origin-not-allowed',
  'no-such-route',
  'upgrade-required',
  'too-many-connects',
  'auth-unavailable',
  'draining',
  'full',
  'too-fast',
];
