import type { Span, Tracer } from '@opentelemetry/api';
import { propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { ObservedPodRequest } from '../callback/pod-client.ts';
import { podRequestChannels } from '../callback/pod-client.ts';
import { putUnder } from './tracer.ts';

/** A span for each callback that is sent on to another pod. It is below the span of the callback; the other pod's spans are below it. */
export function traceForwards(tracer: Tracer): void {
  const spans = new WeakMap<object, Span>();

  podRequestChannels.starting.subscribe((message) => {
    const { method, address, port, headers } = message as ObservedPodRequest;
    if (method !== 'POST') return;
    const parent = propagation.extract(ROOT_CONTEXT, headers); // the callback's span is in the headers that are sent on
    const attributes = { 'http.request.method': method, 'server.address': address, 'server.port': port };
    const span = tracer.startSpan('forward', { kind: SpanKind.CLIENT, attributes }, parent);
    putUnder(trace.setSpan(parent, span), headers);
    spans.set(headers, span);
  });

  podRequestChannels.started.subscribe((message) => {
    const { headers, outgoing } = message as ObservedPodRequest;
    const span = spans.get(headers);
    if (!span || !outgoing) return;
    outgoing.once('response', ({ statusCode = 0 }) => {
      span.setAttribute('http.response.status_code', statusCode);
      if (statusCode >= 400) span.setStatus({ code: SpanStatusCode.ERROR });
    });
    outgoing.on('error', ({ message: why }) => span.setStatus({ code: SpanStatusCode.ERROR, message: why }));
    outgoing.once('close', () => span.end());
  });
}
