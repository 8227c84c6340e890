import type { Fact, FactOf } from '../history.ts';
import type { Interval } from './intervals.ts';
import { countWhile } from './intervals.ts';
import type { Pods } from './pods.ts';

/** One connection, seen from both sides as far as both have seen it. */
export class Connection {
  readonly deviceId: string;
  readonly podId: string;
  /** The device's side. */
  opened: FactOf<'device.opened'> | undefined;
  closed: FactOf<'device.closed'> | undefined;
  readonly pauses: Interval[] = [];
  /** The pod's side. */
  accepted: FactOf<'connection.opened'> | undefined;
  ended: FactOf<'connection.ended'> | undefined;
  /** Its place among the connections of its device, in the order of `since`. */
  place = 0;
  /** From when on its pod looks after nobody any more. */
  podDoneFrom = Infinity;

  constructor({ deviceId, podId }: Pick<Connection, 'deviceId' | 'podId'>) {
    this.deviceId = deviceId;
    this.podId = podId;
  }

  get traceId(): string | undefined {
    return this.accepted?.traceId;
  }

  /** What orders the connections of a device: when the device saw it open, or else the pod. */
  get since(): number {
    return this.opened?.at ?? this.accepted?.at ?? Infinity;
  }

  /** From here on one side at least knows that it is over. */
  get until(): number {
    return Math.min(this.closed?.at ?? Infinity, this.ended?.at ?? Infinity, this.podDoneFrom);
  }

  /** For a sentence. */
  get name(): string {
    const number = this.opened ? ` (client ${this.opened.conn})` : '';
    return `${this.traceId ?? 'unknown traceId'}${number} at ${this.podId}`;
  }
}

/** All connections of a history. */
export class Connections {
  readonly all: Connection[] = [];
  /** In the order of `since`, as those by pod. */
  readonly byDevice = new Map<string, Connection[]>();
  readonly byPod = new Map<string, Connection[]>();
  readonly byTrace = new Map<string, Connection>();
  readonly byConn = new Map<number, Connection>();
  readonly #ends = new Map<string, FactOf<'connection.ended'>>();
  /** By pod, device and port: what devices have opened and no pod's line has been found for yet. */
  readonly #dialled = new Map<string, Connection[]>();
  readonly #accepted: FactOf<'connection.opened'>[] = [];

  note(fact: Fact): void {
    switch (fact.type) {
      case 'device.opened':
        this.#opened(fact);
        break;
      case 'device.closed':
        this.#of(fact).closed ??= fact;
        break;
      case 'device.paused':
        this.#of(fact).pauses.push({ from: fact.at, to: Infinity });
        break;
      case 'device.resumed':
        for (const pause of this.#of(fact).pauses.slice(-1)) pause.to = Math.min(pause.to, fact.at);
        break;
      case 'connection.opened':
        this.#accepted.push(fact);
        break;
      case 'connection.ended':
        this.#ends.set(fact.traceId, fact);
        break;
      default:
    }
  }

  /** Puts the two sides together, once all facts are noted. */
  join(pods: Pods, slackMs: number): void {
    for (const fact of this.#accepted) {
      const connection = this.#dialOf(fact, slackMs) ?? this.#add(fact);
      connection.accepted = fact;
      connection.ended = this.#ends.get(fact.traceId);
      this.byTrace.set(fact.traceId, connection);
    }
    for (const connection of this.all) {
      connection.podDoneFrom = pods.of(connection.podId).doneFrom;
      listIn(this.byPod, connection.podId).push(connection);
    }
    for (const ofPod of this.byPod.values()) ofPod.sort((a, b) => a.since - b.since);
    for (const ofDevice of this.byDevice.values()) {
      ofDevice.sort((a, b) => a.since - b.since);
      for (const [place, connection] of ofDevice.entries()) connection.place = place;
    }
  }

  /** The connections of the device that are newer than this one, in order. */
  *newerThan({ deviceId, place }: Connection): Generator<Connection> {
    const ofDevice = this.byDevice.get(deviceId)!;
    for (let next = place + 1; next < ofDevice.length; next += 1) yield ofDevice[next]!;
  }

  /** The newest of those the device has open at a time. */
  newestAt(deviceId: string, at: number): Connection | undefined {
    const ofDevice = this.byDevice.get(deviceId)!;
    const opened = countWhile(ofDevice.length, (place) => ofDevice[place]!.since <= at);
    for (let place = opened - 1; place >= 0; place -= 1) {
      const connection = ofDevice[place]!;
      if (connection.opened && connection.until > at) return connection;
    }
    return undefined;
  }

  /** The connections of the device that came about at the same time as this one, itself included. */
  near({ deviceId, place, since }: Connection, slackMs: number): Connection[] {
    const ofDevice = this.byDevice.get(deviceId)!;
    let first = place;
    while (first > 0 && ofDevice[first - 1]!.since >= since - slackMs) first -= 1;
    let end = place + 1;
    while (end < ofDevice.length && ofDevice[end]!.since <= since + slackMs) end += 1;
    return ofDevice.slice(first, end);
  }

  /** Throws for a client connection that was never opened: a recorder is wrong. */
  #of(fact: Fact & { conn: number }): Connection {
    const connection = this.byConn.get(fact.conn);
    if (!connection) throw new Error(`history: ${fact.type} of connection ${fact.conn}, which was never opened`);
    return connection;
  }

  #opened(fact: FactOf<'device.opened'>): void {
    if (this.byConn.has(fact.conn)) throw new Error(`history: connection ${fact.conn} was opened twice`);
    const connection = this.#add(fact);
    connection.opened = fact;
    this.byConn.set(fact.conn, connection);
    listIn(this.#dialled, `${fact.podId} ${fact.deviceId} ${fact.port}`).push(connection);
  }

  #add(of: Pick<Connection, 'deviceId' | 'podId'>): Connection {
    const connection = new Connection(of);
    this.all.push(connection);
    listIn(this.byDevice, of.deviceId).push(connection);
    return connection;
  }

  /** A port may be used again, so it is the last one dialled before the pod's line. */
  #dialOf({ podId, deviceId, remotePort, at }: FactOf<'connection.opened'>, slackMs: number): Connection | undefined {
    const candidates = this.#dialled.get(`${podId} ${deviceId} ${remotePort}`) ?? [];
    return candidates.findLast(({ accepted, opened }) => !accepted && opened!.dialledAt <= at + slackMs);
  }
}

/** The list of a key, made when there is none. */
export function listIn<K, V>(lists: Map<K, V[]>, key: K): V[] {
  let list = lists.get(key);
  if (!list) lists.set(key, (list = []));
  return list;
}
