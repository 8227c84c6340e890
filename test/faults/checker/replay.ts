/**
 * Replays what the Redis nodes have done, so that what a lookup found is known for every moment. A key is looked up at
 * one *seat*: the place of a primary, which a promotion gives to another node. A single server is one seat, Sentinel
 * too, a Cluster has one per shard.
 */
import type { Entry } from '../../../src/registry/registry.ts';
import type { Fact, FactOf } from '../history.ts';
import type { Held } from './timeline.ts';
import { expiryToleranceMs, Timeline } from './timeline.ts';

/** A deletion, and the entry it met, if the replay knows for certain. */
export interface Deletion {
  fact: FactOf<'redis.deleted'>;
  stored: Held | undefined;
}

/** A write over the entry of a newer connection. */
export interface Overwrite {
  fact: FactOf<'redis.set'> & { entry: Entry };
  stored: Held;
}

type Change = FactOf<'redis.set'> | FactOf<'redis.prolonged'> | FactOf<'redis.deleted'>;
type Move = FactOf<'redis.moved'>;

export class Replay {
  readonly deletions: Deletion[] = [];
  readonly overwrites: Overwrite[] = [];
  /** By traceId: the first time its entry was written, and its last `t`. */
  readonly registrations = new Map<string, { at: number; t: number }>();
  /** By traceId: when its entry was deleted first. */
  readonly deletedAt = new Map<string, number>();
  /** How many writes there were. */
  writes = 0;
  readonly #timelines = new Map<string, Timeline>();
  readonly #contents = new Map<string, Map<string, Held>>();
  /** Which node is in a seat; a seat is called by its first node. */
  readonly #occupants = new Map<string, string>();
  readonly #seatOfNode = new Map<string, string>();
  readonly #seatOfDevice = new Map<string, string>();

  /** By device. A device that was never written has an empty one. */
  timeline(deviceId: string): Timeline {
    let timeline = this.#timelines.get(deviceId);
    if (!timeline) this.#timelines.set(deviceId, (timeline = new Timeline()));
    return timeline;
  }

  timelines(): Iterable<Timeline> {
    return this.#timelines.values();
  }

  note(fact: Fact): void {
    switch (fact.type) {
      case 'redis.set':
      case 'redis.prolonged':
      case 'redis.deleted':
        this.#change(fact);
        break;
      case 'redis.moved':
        this.#move(fact);
        break;
      case 'redis.emptied':
        this.#replace(fact, new Map());
        break;
      case 'redis.snapshot':
        this.#replace(fact, heldIn(fact));
        break;
      case 'redis.promoted':
        this.#promote(fact);
        break;
      default:
    }
  }

  #change(fact: Change): void {
    const { at, node, deviceId } = fact;
    const contents = this.#contentsOf(node);
    const before = contents.get(deviceId);
    const stored = before && before.expiresAt + expiryToleranceMs >= at ? before : undefined;
    if (!fact.replicated) {
      this.#assign(deviceId, node, at);
      this.#weigh(fact, stored);
    }
    const after = outcomeOf(fact, stored);
    if (after) contents.set(deviceId, after);
    else contents.delete(deviceId);
    if (this.#isLookedUpAt(deviceId, node)) this.timeline(deviceId).become(at, after);
  }

  /** The value is what the node had that was asked for it until now. */
  #move({ at, node, deviceId, expiresAt, replicated }: Move): void {
    const source = this.#occupants.get(this.#seatOfDevice.get(deviceId) ?? '');
    const held = source === undefined ? undefined : this.#contentsOf(source).get(deviceId);
    if (held) this.#contentsOf(node).set(deviceId, { ...held, expiresAt: expiresAt ?? Infinity });
    else this.#contentsOf(node).delete(deviceId);
    if (replicated || source === node) return;
    if (source !== undefined) this.#contentsOf(source).delete(deviceId);
    this.#assign(deviceId, node, at);
  }

  /** What the invariants will ask about. */
  #weigh(fact: Change, stored: Held | undefined): void {
    if (fact.type === 'redis.prolonged') return;
    if (fact.type === 'redis.deleted') {
      this.deletions.push({ fact, stored: stored && isCertainAt(stored, fact.at) ? stored : undefined });
      const traceId = stored?.entry.traceId;
      if (traceId !== undefined && !this.deletedAt.has(traceId)) this.deletedAt.set(traceId, fact.at);
      return;
    }
    this.writes += 1;
    const { entry, at } = fact;
    if (!entry) return;
    const known = this.registrations.get(entry.traceId);
    if (known) known.t = entry.t;
    else this.registrations.set(entry.traceId, { at, t: entry.t });
    if (stored && isCertainAt(stored, at) && stored.entry.traceId !== entry.traceId && entry.t <= stored.entry.t) {
      this.overwrites.push({ fact: { ...fact, entry }, stored });
    }
  }

  /** A client has used the key here, so this is where it is looked up, unless the node was deposed. */
  #assign(deviceId: string, node: string, at: number): void {
    const seat = this.#seatOfNode.get(node) ?? this.#seat(node);
    if (this.#seatOfDevice.get(deviceId) === seat || this.#occupants.get(seat) !== node) return;
    this.#seatOfDevice.set(deviceId, seat);
    this.timeline(deviceId).become(at, this.#contentsOf(node).get(deviceId));
  }

  #seat(node: string): string {
    this.#seatOfNode.set(node, node);
    this.#occupants.set(node, node);
    return node;
  }

  #promote({ node, instead, at }: FactOf<'redis.promoted'>): void {
    const seat = this.#seatOfNode.get(instead) ?? this.#seat(instead);
    this.#seatOfNode.set(node, seat);
    this.#occupants.set(seat, node);
    const contents = this.#contentsOf(node);
    for (const deviceId of contents.keys()) {
      if (!this.#seatOfDevice.has(deviceId)) this.#seatOfDevice.set(deviceId, seat);
    }
    for (const [deviceId, its] of this.#seatOfDevice) {
      if (its === seat) this.timeline(deviceId).become(at, contents.get(deviceId));
    }
  }

  /** The node holds this now and nothing else. */
  #replace({ node, at }: FactOf<'redis.emptied' | 'redis.snapshot'>, contents: Map<string, Held>): void {
    const devices = new Set([...this.#contentsOf(node).keys(), ...contents.keys()]);
    this.#contents.set(node, contents);
    for (const deviceId of devices) {
      if (this.#isLookedUpAt(deviceId, node)) this.timeline(deviceId).become(at, contents.get(deviceId));
    }
  }

  #isLookedUpAt(deviceId: string, node: string): boolean {
    const seat = this.#seatOfDevice.get(deviceId);
    return seat !== undefined && this.#occupants.get(seat) === node;
  }

  #contentsOf(node: string): Map<string, Held> {
    let contents = this.#contents.get(node);
    if (!contents) this.#contents.set(node, (contents = new Map()));
    return contents;
  }
}

/** What the key holds after the change. */
function outcomeOf(fact: Change, stored: Held | undefined): Held | undefined {
  if (fact.type === 'redis.deleted') return undefined;
  const expiresAt = fact.expiresAt ?? Infinity;
  if (fact.type === 'redis.prolonged') {
    return stored && { ...stored, expiresAt, isCertain: isCertainAt(stored, fact.at) };
  }
  return fact.entry ? { entry: fact.entry, expiresAt, source: fact, isCertain: true } : undefined;
}

function isCertainAt({ isCertain, expiresAt }: Held, at: number): boolean {
  return isCertain && at < expiresAt - expiryToleranceMs;
}

function heldIn(fact: FactOf<'redis.snapshot'>): Map<string, Held> {
  return new Map(
    fact.entries.map(({ deviceId, entry, expiresAt }) => {
      return [deviceId, { entry, expiresAt: expiresAt ?? Infinity, source: fact, isCertain: true }];
    }),
  );
}
