import { TypedChannel } from '@ws-connect/callback-client/internal/channel';
import type { Claim, Registration, Reply } from './registry.ts';

/** Claims go to the registry, and its replies come back in the same order. `claims` is the same object in both. */
export const registrations = {
  started: new TypedChannel<{ claims: readonly Claim[] }>('registration.started'),
  answered: new TypedChannel<{ claims: readonly Claim[]; replies: readonly Reply<Registration>[] }>(
    'registration.answered',
  ),
};
