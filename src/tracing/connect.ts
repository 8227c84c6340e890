import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Context, Span, Tracer } from '@opentelemetry/api';
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Problem } from '../http/problem.ts';
import type { Claim, Registration, Registry, Reply } from '../registry/registry.ts';
import { RegistryUnavailable } from '../registry/registry.ts';
import { contextOf } from './tracer.ts';

interface Connect {
  stream: Duplex;
  span: Span;
  context: Context;
  /** Of the connection, once there is one. */
  traceId?: string;
}

/**
 * The spans of connects under way. One ends with what the device's first registration has come to, `registered` or `unregistered`
 * (the registry is away, and the device is welcome all the same); or with the code of the refusal; or when the device is gone
 * before: `hung-up` without a connection, else `closed`.
 */
export class ConnectSpans {
  readonly #tracer: Tracer;
  readonly #byStream = new WeakMap<Duplex, Connect>();
  readonly #byTraceId = new Map<string, Connect>();

  constructor(tracer: Tracer) {
    this.#tracer = tracer;
  }

  /** A device asks for an upgrade. */
  begin({ headers }: IncomingMessage, stream: Duplex): void {
    const parent = contextOf(headers);
    const attributes = { 'http.request.method': 'GET', 'http.route': '/connect' };
    const span = this.#tracer.startSpan('connect', { kind: SpanKind.SERVER, attributes }, parent);
    this.#byStream.set(stream, { stream, span, context: trace.setSpan(parent, span) });
    stream.once('close', () => this.#closed(stream));
  }

  refused(stream: Duplex, { status, code }: Problem): void {
    const connect = this.#byStream.get(stream);
    if (!connect) return;
    connect.span.setAttribute('http.response.status_code', status);
    if (status >= 500) connect.span.setStatus({ code: SpanStatusCode.ERROR });
    this.#end(connect, code);
  }

  /** The upgrade was granted: here is the connection. */
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

  /** The same registry, with a span for the first registration of each connection. Repairs are counted, not traced. */
  watch(registry: Registry): Registry {
    const register = async (claims: readonly Claim[]): Promise<Reply<Registration>[]> => {
      const begun = claims.map(({ traceId }) => this.#beginRegister(traceId));
      const replies = await registry.register(claims);
      begun.forEach((span, index) => span && this.#registered(span, claims[index]!, replies[index]!));
      return replies;
    };
    return { ...registry, register };
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
