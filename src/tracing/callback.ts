import type { IncomingMessage } from 'node:http';
import type { Span, Tracer } from '@opentelemetry/api';
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { isDeviceId } from '@ws-connect/callback-client/internal/device-id';
import type { AnsweredRequest } from '../http/channels.ts';
import { requests } from '../http/channels.ts';
import { contextOf, putUnder } from './tracer.ts';

/**
 * A span for each callback, named and described as the semantic conventions for HTTP have it. The request gets the span's
 * `traceparent`, so that it reaches the device, or another pod.
 */
export function traceCallbacks(tracer: Tracer): (() => void)[] {
  const spans = new WeakMap<IncomingMessage, Span>();

  const started = requests.started.subscribe(({ request, path }) => {
    const route = request.method === 'POST' ? routeOf(path) : undefined;
    if (!route) return;
    const { headers } = request;
    const parent = contextOf(headers);
    const attributes = {
      'http.request.method': 'POST',
      'http.route': route,
      'url.path': path,
      'url.scheme': 'http',
    };
    const span = tracer.startSpan('callback', { kind: SpanKind.SERVER, attributes }, parent);
    putUnder(trace.setSpan(parent, span), headers);
    spans.set(request, span);
  });

  const answered = requests.answered.subscribe((message) => {
    const span = spans.get(message.request);
    if (!span) return;
    describeAnswer(span, message);
    span.end();
  });

  return [started, answered];
}

function routeOf(path: string): string | undefined {
  if (path === '/callback') return path;
  return path.startsWith('/callback/') ? '/callback/{deviceId}' : undefined;
}

function describeAnswer(span: Span, { status, deviceId = '', outcome, message }: AnsweredRequest): void {
  span.setAttributes({
    'http.response.status_code': status,
    ...(outcome !== undefined && { 'ws_connect.outcome': outcome }),
    ...(isDeviceId(deviceId) && { 'ws_connect.device_id': deviceId }),
  });
  if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR, ...(message !== undefined && { message }) });
}
