/**
 * Spans by OpenTelemetry's API alone: an SDK that is loaded before the pod decides what becomes of them. The pod itself knows nothing
 * of spans: each part publishes on diagnostics channels (its channels.ts), and this subscribes to them.
 *
 *   connect     from a device's upgrade request to its first registration, or its refusal; see connect.ts
 *   register    that registration
 *   callback    a service's request, as it is answered; see callback.ts
 *   forward     the same request, sent on to another pod; see forward.ts
 *   drain       the whole drain, with an event for each sweep; see drain.ts
 *
 * Spans contain neither tokens nor bodies.
 */
import { traceCallbacks } from './callback.ts';
import { traceConnects } from './connect.ts';
import { traceDrains } from './drain.ts';
import { traceForwards } from './forward.ts';
import { findTracer } from './tracer.ts';

export interface Tracing {
  /** Sends the spans that were not sent yet, for one second at most; they are lost otherwise. Rejects when the SDK fails. */
  flush(): Promise<void>;
  /** Traces nothing more. Spans that have begun do not end. */
  stop(): void;
}

/** Begins to trace all pods of this process. Call it once. Undefined without an SDK: then nothing is traced, and it costs nothing. */
export function startTracing(): Tracing | undefined {
  const found = findTracer();
  if (!found) return undefined;
  const { tracer, flush } = found;
  const subscriptions = [traceConnects, traceCallbacks, traceForwards, traceDrains].flatMap((begin) => begin(tracer));
  return {
    flush,
    stop() {
      for (const end of subscriptions) end();
    },
  };
}
