import type { IncomingHttpHeaders } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import type { Context, ProxyTracerProvider, Tracer, TracerProvider } from '@opentelemetry/api';
import { context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';

const flushWithinMs = 1000;

/** The tracer of the SDK that was loaded, if one was. */
export function findTracer(): { tracer: Tracer; flush: () => Promise<void> } | undefined {
  const registered = trace.getTracerProvider() as TracerProvider & Partial<ProxyTracerProvider>;
  const isProxy = registered.getDelegateTracer !== undefined; // by its looks, for the SDK may have brought an API of its own
  const tracer = isProxy ? registered.getDelegateTracer!('ws-connect') : registered.getTracer('ws-connect');
  if (!tracer) return undefined;
  const provider = (isProxy ? registered.getDelegate!() : registered) as { forceFlush?(): Promise<void> };
  return { tracer, flush: () => Promise.race([provider.forceFlush?.(), setTimeout(flushWithinMs)]) };
}

/** What a request belongs to: the span an instrumentation of HTTP has begun for it, else what its headers say (W3C Trace Context). */
export function contextOf(headers: IncomingHttpHeaders): Context {
  const active = context.active();
  return trace.getSpan(active) ? active : propagation.extract(ROOT_CONTEXT, headers);
}

/** Puts a request under the span of this context, whatever it was under. */
export function putUnder(here: Context, headers: IncomingHttpHeaders): void {
  delete headers['tracestate']; // it means nothing with another traceparent (§3.3)
  propagation.inject(here, headers);
}
