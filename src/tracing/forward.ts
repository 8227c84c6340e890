import type { Span, Tracer } from '@opentelemetry/api';
import { propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { podRequestChannels } from '@ws-connect/callback-client/internal/pod-client';
import { putUnder } from './tracer.ts';

/** A span for each callback that is sent on to another pod. It is below the span of the callback; the other pod's spans are below it. */
export function traceForwards(tracer: Tracer): (() => void)[] {
  const spans = new WeakMap<object, Span>();

  const starting = podRequestChannels.starting.subscribe(({ method, address, port, headers }) => {
    if (method !== 'POST') return;
    const parent = propagation.extract(ROOT_CONTEXT, headers); // the callback's span is in the headers that are sent on
    const attributes = { 'http.request.method': method, 'server.address': address, 'server.port': port };
    const span = tracer.startSpan('forward', { kind: SpanKind.CLIENT, attributes }, parent);
    putUnder(trace.setSpan(parent, span), headers);
    spans.set(headers, span);
  });

  const started = podRequestChannels.started.subscribe(({ headers, outgoing }) => {
    const span = spans.get(headers);
    if (!span || !outgoing) return;
    outgoing.once('response', ({ statusCode = 0 }) => {
      span.setAttribute('http.response.status_code', statusCode);
      if (statusCode >= 400) span.setStatus({ code: SpanStatusCode.ERROR });
    });
    outgoing.on('error', ({ message: why }) => span.setStatus({ code: SpanStatusCode.ERROR, message: why }));
    outgoing.once('close', () => span.end());
  });

  return [starting, started];
}
