import { malformed } from '../http/malformed.ts';
import type { ProblemCode } from '../http/problems.ts';

/** Why a device may not connect, as it is told before, and instead of, the upgrade; what is no HTTP request included. */
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
