import { hostPort } from '@ws-connect/callback-client/internal/address';
import type { PodClient } from '@ws-connect/callback-client/internal/pod-client';
import type { PodExchange } from '@ws-connect/callback-client/internal/pod-exchange';
import type { PodIdentity } from '@ws-connect/callback-client/internal/pod-proof';
import { refusalFor } from '../http/problems.ts';
import type { Clock } from '../clock.ts';
import type { Order, Outcome } from './batch-order.ts';
import { Relay } from './batch-relay.ts';
import type { Delivery } from './batch-results.ts';
import type { Owner, Owners } from './owners.ts';
import { hopHeader } from './owners.ts';

export interface RelaysOptions {
  owners: Owners;
  podClient: PodClient;
  clock: Clock;
  /** The path of the batch, with its query. */
  path: string;
  headers: Record<string, string>;
  /** How long a pod may owe a result, ms. */
  answerWithinMs: number;
}

/** A pod that is sent nothing for this long is not kept waiting, ms: well before it would cut the request. */
const idleMs = 5000;
/** A pod that has failed is left alone for this long, ms: lines for it are not each to wait for another time-out. */
const failedMs = 1000;

const unreachable = refusalFor('owner-unreachable');

/** A delivery for another pod. */
export interface Outbound {
  delivery: Delivery;
  owner: Owner;
}

/** What of a batch goes to other pods: one request for each of them. */
export class Relays {
  readonly #options: RelaysOptions;
  readonly #byPod = new Map<string, Relay>();
  /** When a pod failed, ms on the pod's clock. */
  readonly #failedAt = new Map<string, number>();

  constructor(options: RelaysOptions) {
    this.#options = options;
  }

  /** Sends these on, in this order. Neighbours of one line and one pod go as one line. */
  send(outbound: readonly Outbound[], now: number): void {
    const byPod = new Map<string, Outbound[]>();
    for (const one of outbound) {
      const pod = nameOf(one.owner);
      const others = byPod.get(pod);
      if (others) others.push(one);
      else byPod.set(pod, [one]);
    }
    for (const [pod, those] of byPod) this.#sendTo(pod, those, now);
  }

  /** Gives up on pods that take too long, and lets go of those that have nothing to do. */
  check(now: number): void {
    for (const [pod, relay] of this.#byPod) {
      if (now - relay.owesSince > this.#options.answerWithinMs) relay.destroy(new Error('answer timed out'));
      else if (relay.owesSince === Infinity && now - relay.lastUsedAt > idleMs) relay.end();
      if (relay.isOver && relay.owesSince === Infinity) this.#byPod.delete(pod);
    }
  }

  /** No more lines come. */
  end(): void {
    for (const relay of this.#byPod.values()) if (!relay.isOver) relay.end();
  }

  /** The caller has gone. */
  abandon(): void {
    for (const relay of this.#byPod.values()) relay.abandon();
  }

  #sendTo(pod: string, outbound: readonly Outbound[], now: number): void {
    const { owner } = outbound[0]!;
    const deliveries = outbound.map(({ delivery }) => delivery);
    if (now - (this.#failedAt.get(pod) ?? -Infinity) < failedMs) {
      for (const delivery of deliveries) delivery.settle(unreachable);
      return;
    }
    const relay = this.#relayTo(pod, owner);
    if (!(relay instanceof Relay)) {
      for (const delivery of deliveries) delivery.settle(relay);
      return;
    }
    relay.lastUsedAt = now;
    relay.send(linesOf(deliveries), deliveries);
  }

  /** The request to this pod, or what becomes of its lines because none can be begun. */
  #relayTo(pod: string, owner: Owner): Relay | Outcome {
    const known = this.#byPod.get(pod);
    if (known && !known.isOver) return known;
    const { owners, clock } = this.#options;
    let exchange: PodExchange;
    try {
      exchange = this.#open(owner);
    } catch (error) {
      this.#failedAt.set(pod, clock.now());
      return owners.unanswered(owner, error);
    }
    const relay = new Relay(exchange, (cause) => {
      this.#failedAt.set(pod, clock.now());
      return owners.unanswered(owner, cause);
    });
    this.#byPod.set(pod, relay);
    return relay;
  }

  /** Node throws at once for what it cannot put into a request, such as a port that is none. */
  #open({ serverIp, port, podId }: Owner): PodExchange {
    const { podClient, path, headers } = this.#options;
    return podClient.open({
      address: serverIp,
      port,
      podId,
      method: 'POST',
      path,
      headers: { ...headers, [hopHeader]: '1' },
    });
  }
}

/** A pod that is new at an address is another one than the pod before it. */
function nameOf({ podId, serverIp, port }: PodIdentity): string {
  return `${podId}@${hostPort(serverIp, port)}`;
}

function linesOf(deliveries: readonly Delivery[]): Buffer[] {
  const lines: { order: Order; deviceIds: string[] }[] = [];
  for (const delivery of deliveries) {
    const order = delivery.order!;
    const last = lines.at(-1);
    if (last?.order === order) last.deviceIds.push(delivery.deviceId!);
    else lines.push({ order, deviceIds: [delivery.deviceId!] });
  }
  return lines.map(({ order, deviceIds }) => order.forDevices?.(deviceIds) ?? order.line);
}
