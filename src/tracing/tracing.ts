/**
 * Spans by OpenTelemetry's API alone: an SDK that was loaded before the pod starts decides what becomes of them.
 *
 *   connect     from a device's upgrade request to its first registration, or its refusal; see connect.ts
 *   register    that registration
 *   callback    a service's request, as it is answered; see callback.ts
 *   forward     the same request, sent on to another pod; see forward.ts
 *   drain       the whole drain, with an event for each sweep; see drain.ts
 *
 * Tokens and bodies are in none of them.
 */
import type { Middleware } from 'koa';
import type { PodClient, PodClientOptions } from '@ws-connect/callback-client/internal/pod-client';
import type { Life } from '../life.ts';
import { traceCallbacks } from './callback.ts';
import { ConnectSpans } from './connect.ts';
import { traceDrain } from './drain.ts';
import { TracedPodClient } from './forward.ts';
import { findTracer } from './tracer.ts';

/** What puts spans around the parts of a pod. */
export interface Tracing {
  connects: ConnectSpans;
  callbacks: Middleware;
  podClient(options: PodClientOptions): PodClient;
  drain(life: Life): void;
  /** Sends what is still to be sent, for one second at most: whoever exits the process loses it. Rejects when that fails. */
  flush(): Promise<void>;
}

/** Undefined where no SDK was loaded: nothing is traced then, and nothing spent on it. */
export function createTracing(): Tracing | undefined {
  const found = findTracer();
  if (!found) return undefined;
  const { tracer, flush } = found;
  return {
    connects: new ConnectSpans(tracer),
    callbacks: traceCallbacks(tracer),
    podClient: (options) => new TracedPodClient(tracer, options),
    drain: (life) => traceDrain(life, tracer),
    flush,
  };
}
