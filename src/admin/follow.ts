import type { InspectedEventEvent, InspectionEvent, SnapshotFrom } from 'xstate';
import { isMachineSnapshot } from 'xstate';
import type { connectionMachine } from '../../machines/connection.ts';
import { serverError } from '../../machines/disconnect.ts';
import { stateName } from '../../machines/state-name.ts';
import type { Clock } from '../base/clock.ts';
import { isoTime } from '../base/clock.ts';
import { DeviceSocket } from '../connections/socket.ts';

/** One event that a connection was told, and what it did. */
export interface Step {
  /** ISO 8601 UTC. */
  at: string;
  deviceId: string;
  traceId: string;
  event: string;
  /** The chart's dotted state before; null: this is its beginning. */
  from: string | null;
  /** And after, which is the same for an event that leaves it where it is. */
  to: string;
  /** Why it ends, once it does. */
  reason?: string;
}

/** Whom somebody follows: one device, whichever connections it has here, or the next `sample` connections that begin. */
export type Whom = { deviceId: string } | { sample: number };

/** Who follows. */
export interface FollowerPorts {
  step(step: Step): void;
  /** The last connection of the sample has ended. */
  over(): void;
}

export interface FollowersOptions {
  /** Begins an inspection of the system that the connections live in. */
  inspect: (observer: (event: InspectionEvent) => void) => { unsubscribe(): void };
  connections: () => Iterable<DeviceSocket>;
  clock: Clock;
}

/** More follow at once only when others have ended. */
const maxFollowers = 16;

/** Lets people follow connections of this pod through their chart, by xstate's inspection. It costs nothing while nobody does. */
export class Followers {
  readonly #options: FollowersOptions;
  readonly #open = new Set<Follower>();
  #endInspection: (() => void) | undefined;

  constructor(options: FollowersOptions) {
    this.#options = options;
  }

  get isFull(): boolean {
    return this.#open.size >= maxFollowers;
  }

  /** Tells every step from now on. Returns what ends it. */
  follow(whom: Whom, ports: FollowerPorts): () => void {
    const follower = new Follower(whom, ports);
    if ('deviceId' in whom) {
      for (const socket of this.#options.connections()) if (socket.deviceId === whom.deviceId) follower.know(socket);
    }
    this.#open.add(follower);
    if (!this.#endInspection) {
      const inspection = this.#options.inspect((event) => this.#see(event));
      this.#endInspection = () => inspection.unsubscribe();
    }
    return () => {
      this.#open.delete(follower);
      if (this.#open.size > 0) return;
      this.#endInspection?.();
      this.#endInspection = undefined;
    };
  }

  #see(inspected: InspectionEvent): void {
    if (inspected.type === '@xstate.snapshot') this.#tell(inspected.snapshot, inspected.event.type);
    else if (inspected.type === '@xstate.event') this.#seeCrash(inspected);
  }

  /** A connection that fails shows no snapshot of it, but tells its parent. */
  #seeCrash({ event, sourceRef }: InspectedEventEvent): void {
    if (!event.type.startsWith('xstate.error.actor.')) return;
    this.#tell(sourceRef?.getSnapshot(), 'xstate.error', { to: 'unregistered', reason: serverError.reason });
  }

  #tell(snapshot: unknown, event: string, crash?: Pick<Step, 'to' | 'reason'>): void {
    if (!isOfConnection(snapshot)) return;
    const { effects, disconnect } = snapshot.context;
    const { deviceId, traceId } = effects;
    const { clock } = this.#options;
    const step = {
      at: isoTime(clock, clock.now()),
      deviceId,
      traceId,
      event,
      to: stateName(snapshot.value),
      ...(disconnect.reason !== 'none' && { reason: disconnect.reason }),
      ...crash,
    };
    for (const follower of this.#open) follower.see(step);
  }
}

class Follower {
  readonly #whom: Whom;
  readonly #ports: FollowerPorts;
  /** The state of each connection that is followed, by traceId. */
  readonly #states = new Map<string, string>();
  #sampled = 0;

  constructor(whom: Whom, ports: FollowerPorts) {
    this.#whom = whom;
    this.#ports = ports;
  }

  know({ traceId, state }: DeviceSocket): void {
    this.#states.set(traceId, state);
  }

  see(step: Omit<Step, 'from'>): void {
    const { traceId, to } = step;
    if (!this.#states.has(traceId) && !this.#takes(step)) return;
    const from = this.#states.get(traceId) ?? null;
    if (to === 'unregistered') this.#states.delete(traceId);
    else this.#states.set(traceId, to);
    this.#ports.step({ ...step, from });
    if (this.#isOver) this.#ports.over();
  }

  get #isOver(): boolean {
    return 'sample' in this.#whom && this.#sampled >= this.#whom.sample && this.#states.size === 0;
  }

  /** Is this the beginning of one it wants to follow? */
  #takes({ event, deviceId }: Omit<Step, 'from'>): boolean {
    if (event !== 'xstate.init') return false;
    if ('deviceId' in this.#whom) return deviceId === this.#whom.deviceId;
    this.#sampled += 1;
    return this.#sampled <= this.#whom.sample;
  }
}

type ConnectionSnapshot = SnapshotFrom<typeof connectionMachine> & { context: { effects: DeviceSocket } };

function isOfConnection(snapshot: unknown): snapshot is ConnectionSnapshot {
  return isMachineSnapshot(snapshot) && (snapshot.context as { effects?: unknown }).effects instanceof DeviceSocket;
}
