import { hostPort } from '@ws-connect/callback-client/internal/address';
import type { PodClient } from '@ws-connect/callback-client/internal/pod-client';
import type { PodExchange } from '@ws-connect/callback-client/internal/pod-exchange';
import type { PodIdentity } from '@ws-connect/callback-client/internal/pod-proof';
import { refusalFor } from '../http/problems.ts';
import type { Clock } from '../base/clock.ts';
import type { BatchLine, Outcome } from './batch-line.ts';
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
  /** How long a pod has time for a result, ms. */
  answerWithinMs: number;
}

/** A request without new lines for this time is ended, ms. The other pod would cut it later. */
const idleMs = 5000;
/** A pod that has failed gets no lines for this time, ms. So not every line has to wait for a timeout. */
const failedMs = 1000;

const unreachable = refusalFor('owner-unreachable');

/** A delivery for another pod. */
export interface Outbound {
  delivery: Delivery;
  owner: Owner;
}

/** Forwards the lines of a batch to other pods, with one request to each pod. */
export class Relays {
  readonly #options: RelaysOptions;
  readonly #byPod = new Map<string, Relay>();
  /** When a pod failed, ms on the pod's clock. */
  readonly #failedAt = new Map<string, number>();

  constructor(options: RelaysOptions) {
    this.#options = options;
  }

  /** Forwards these deliveries in this order. Consecutive deliveries of one line to one pod are sent as one line. */
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

  /** Ends requests to pods that take too long, and requests without new lines. Call it from time to time. */
  check(now: number): void {
    for (const [pod, relay] of this.#byPod) {
      if (now - relay.owesSince > this.#options.answerWithinMs) relay.destroy(new Error('the answer timed out'));
      else if (relay.owesSince === Infinity && now - relay.lastUsedAt > idleMs) relay.end();
      if (relay.isOver && relay.owesSince === Infinity) this.#byPod.delete(pod);
    }
  }

  /** No more lines come. */
  end(): void {
    for (const relay of this.#byPod.values()) if (!relay.isOver) relay.end();
  }

  /** Ends all requests, because the client of the batch has gone. */
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

  /** The open request to this pod. If none can be started, the outcome for its lines. */
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

  /** Throws if Node cannot create the request, for example because of an invalid port. */
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

/** Key of a pod. The podId is part of it, because another pod can get the same address later. */
function nameOf({ podId, serverIp, port }: PodIdentity): string {
  return `${podId}@${hostPort(serverIp, port)}`;
}

function linesOf(deliveries: readonly Delivery[]): Buffer[] {
  const lines: { batchLine: BatchLine; deviceIds: string[] }[] = [];
  for (const delivery of deliveries) {
    const batchLine = delivery.batchLine!;
    const last = lines.at(-1);
    if (last?.batchLine === batchLine) last.deviceIds.push(delivery.deviceId!);
    else lines.push({ batchLine, deviceIds: [delivery.deviceId!] });
  }
  return lines.map(({ batchLine, deviceIds }) => batchLine.forDevices?.(deviceIds) ?? batchLine.line);
}
