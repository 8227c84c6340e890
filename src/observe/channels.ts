/**
 * What a pod tells whoever observes it, by Node's diagnostics channels. Publishing costs nothing while nobody has subscribed. All names
 * begin with `ws-connect:`. Tracing subscribes to them; see tracing/tracing.ts.
 */
import type { Channel } from 'node:diagnostics_channel';
import { channel } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Claim, Registration, Reply } from '../registry/registry.ts';

/** A channel whose messages have one type. */
type Typed<T> = Omit<Channel<unknown, unknown>, 'publish' | 'subscribe'> & {
  publish(message: T): void;
  subscribe(listener: (message: T) => void): void;
};

function typed<T>(name: string): Typed<T> {
  return channel(`ws-connect:${name}`) as unknown as Typed<T>;
}

/** A device asks for an upgrade; it is refused, or accepted and has a connection. `stream` is the same object in all three. */
export const upgrades = {
  requested: typed<{ request: IncomingMessage; stream: Duplex }>('upgrade.requested'),
  refused: typed<{ stream: Duplex; status: number; code: string }>('upgrade.refused'),
  accepted: typed<{ stream: Duplex; deviceId: string; traceId: string }>('upgrade.accepted'),
};

/** Claims go to the registry, and its replies come back in the same order. `claims` is the same object in both. */
export const registrations = {
  started: typed<{ claims: readonly Claim[] }>('registration.started'),
  answered: typed<{ claims: readonly Claim[]; replies: readonly Reply<Registration>[] }>('registration.answered'),
};

/** A request to the callback or admin port. `request` is the same object in both. */
export const requests = {
  started: typed<{ request: IncomingMessage; path: string }>('request.started'),
  answered: typed<AnsweredRequest>('request.answered'),
};

export interface AnsweredRequest {
  request: IncomingMessage;
  status: number;
  deviceId: string | undefined;
  /** `delivered` and the like, or the code of a problem. */
  outcome: string | undefined;
  /** Of an error. */
  message: string | undefined;
}

/** The drain of a pod. */
export const drains = {
  started: typed<{ podId: string; connections: number }>('drain.started'),
  sweep: typed<{ podId: string; sweep: number; connections: number }>('drain.sweep'),
  ended: typed<{
    podId: string;
    outcome: 'drained' | 'deadline' | 'failed';
    sweeps: number;
    closedIdle: number;
    closedActive: number;
    remaining: number;
  }>('drain.ended'),
};
