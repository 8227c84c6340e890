import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Context, Span, Tracer } from '@opentelemetry/api';
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Claim, Registration, Reply } from '../registry/registry.ts';
import { RegistryUnavailable } from '../registry/registry.ts';
import { upgrades } from '../connections/channels.ts';
import { registrations } from '../registry/channels.ts';
import { contextOf } from './tracer.ts';

interface Connect {
  stream: Duplex;
  span: Span;
  context: Context;
  /** Of the connection, once there is one. */
  traceId?: string;
}

/**
 * A span for each connect. It ends with the outcome of the device's first registration: `registered`, or `unregistered` while the
 * registry is away (the device is connected nevertheless). Or it ends with the code of the refusal. Or the device leaves before:
 * `hung-up` without a connection, `closed` with one.
 */
export function traceConnects(tracer: Tracer): (() => void)[] {
  const spans = new ConnectSpans(tracer);
  return [
    upgrades.requested.subscribe(({ request, stream }) => spans.begin(request, stream)),
    upgrades.refused.subscribe(({ stream, status, code }) => spans.refused(stream, status, code)),
    upgrades.accepted.subscribe(({ stream, deviceId, traceId }) => spans.accepted(stream, deviceId, traceId)),
    registrations.started.subscribe(({ claims }) => spans.registering(claims)),
    registrations.answered.subscribe(({ claims, replies }) => spans.registered(claims, replies)),
  ];
}

class ConnectSpans {
  readonly #tracer: Tracer;
  readonly #byStream = new WeakMap<Duplex, Connect>();
  readonly #byTraceId = new Map<string, Connect>();
  /** The `register` spans of claims that are not answered yet. */
  readonly #registering = new WeakMap<readonly Claim[], (Span | undefined)[]>();

  constructor(tracer: Tracer) {
    this.#tracer = tracer;
  }

  begin({ headers }: IncomingMessage, stream: Duplex): void {
    const parent = contextOf(headers);
    const attributes = { 'http.request.method': 'GET', 'http.route': '/connect' };
    const span = this.#tracer.startSpan('connect', { kind: SpanKind.SERVER, attributes }, parent);
    this.#byStream.set(stream, { stream, span, context: trace.setSpan(parent, span) });
    stream.once('close', () => this.#closed(stream));
  }

  refused(stream: Duplex, status: number, code: string): void {
    const connect = this.#byStream.get(stream);
    if (!connect) return;
    connect.span.setAttribute('http.response.status_code', status);
    if (status >= 500) connect.span.setStatus({ code: SpanStatusCode.ERROR });
    this.#end(connect, code);
  }

  accepted(stream: Duplex, deviceId: string, traceId: string): void {
    const connect = this.#byStream.get(stream);
    if (!connect) return;
    connect.span.setAttributes({
      'http.response.status_code': 101,
      'ws_connect.device_id': deviceId,
      'ws_connect.trace_id': traceId,
    });
    connect.traceId = traceId;
    this.#byTraceId.set(traceId, connect);
  }

  /** Only the first registration of a connection has a span. Repairs are counted, not traced. */
  registering(claims: readonly Claim[]): void {
    this.#registering.set(
      claims,
      claims.map(({ traceId }) => this.#beginRegister(traceId)),
    );
  }

  registered(claims: readonly Claim[], replies: readonly Reply<Registration>[]): void {
    const spans = this.#registering.get(claims) ?? [];
    spans.forEach((span, index) => span && this.#registered(span, claims[index]!, replies[index]!));
  }

  #beginRegister(traceId: string): Span | undefined {
    const connect = this.#byTraceId.get(traceId);
    return connect && this.#tracer.startSpan('register', { kind: SpanKind.CLIENT }, connect.context);
  }

  #registered(span: Span, { traceId }: Claim, reply: Reply<Registration>): void {
    const isUnavailable = reply instanceof RegistryUnavailable;
    if (isUnavailable) span.setStatus({ code: SpanStatusCode.ERROR, message: reply.message });
    const outcome = isUnavailable ? reply.result : reply.outcome;
    span.setAttribute('ws_connect.outcome', outcome).end();
    const connect = this.#byTraceId.get(traceId);
    if (!connect || (!isUnavailable && outcome === 'refused')) return; // tried again, or closed
    this.#end(connect, isUnavailable ? 'unregistered' : 'registered');
  }

  #closed(stream: Duplex): void {
    const connect = this.#byStream.get(stream);
    if (connect) this.#end(connect, connect.traceId === undefined ? 'hung-up' : 'closed');
  }

  #end({ stream, span, traceId }: Connect, outcome: string): void {
    this.#byStream.delete(stream);
    if (traceId !== undefined) this.#byTraceId.delete(traceId);
    span.setAttribute('ws_connect.outcome', outcome).end();
  }
}
