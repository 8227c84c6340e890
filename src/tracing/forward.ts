import type { Tracer } from '@opentelemetry/api';
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { PodClientOptions, PodRequestHead } from '@ws-connect/callback-client/internal/pod-client';
import { PodClient } from '@ws-connect/callback-client/internal/pod-client';
import type { PodExchange } from '@ws-connect/callback-client/internal/pod-exchange';
import { contextOf, putUnder } from './tracer.ts';

/** Requests to pods, with a span for each callback among them, under which the other pod puts its own. */
export class TracedPodClient extends PodClient {
  readonly #tracer: Tracer;

  constructor(tracer: Tracer, options: PodClientOptions) {
    super(options);
    this.#tracer = tracer;
  }

  override open(head: PodRequestHead): PodExchange {
    const { method, address, port } = head;
    if (method !== 'POST') return super.open(head);
    const headers = { ...head.headers };
    const parent = contextOf(headers);
    const attributes = { 'http.request.method': method, 'server.address': address, 'server.port': port };
    const span = this.#tracer.startSpan('forward', { kind: SpanKind.CLIENT, attributes }, parent);
    putUnder(trace.setSpan(parent, span), headers);
    const exchange = super.open({ ...head, headers });
    exchange.outgoing.once('response', ({ statusCode = 0 }) => {
      span.setAttribute('http.response.status_code', statusCode);
      if (statusCode >= 400) span.setStatus({ code: SpanStatusCode.ERROR });
    });
    exchange.outgoing.on('error', ({ message }) => span.setStatus({ code: SpanStatusCode.ERROR, message }));
    exchange.outgoing.once('close', () => span.end());
    return exchange;
  }
}
