import type { Span, Tracer } from '@opentelemetry/api';
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Context, Middleware, Next } from 'koa';
import { isDeviceId } from '@ws-connect/callback-client/internal/device-id';
import { Problem } from '../http/problem.ts';
import { contextOf, putUnder } from './tracer.ts';

/**
 * A span for each callback, named and described as the semantic conventions for HTTP have it. What happens below it sees the
 * request with the span's `traceparent`: so it reaches the device, and another pod.
 */
export function traceCallbacks(tracer: Tracer): Middleware {
  return async (ctx: Context, next: Next): Promise<void> => {
    const route = ctx.method === 'POST' ? routeOf(ctx.path) : undefined;
    if (!route) return next();
    const { headers } = ctx.req;
    const parent = contextOf(headers);
    const attributes = {
      'http.request.method': 'POST',
      'http.route': route,
      'url.path': ctx.path,
      'url.scheme': 'http',
    };
    const span = tracer.startSpan('callback', { kind: SpanKind.SERVER, attributes }, parent);
    const here = trace.setSpan(parent, span);
    putUnder(here, headers);
    try {
      await context.with(here, next);
      describeAnswer(span, ctx, { status: ctx.status, outcome: ctx.state['outcome'] as string | undefined });
    } catch (error) {
      const { status, code } = error instanceof Problem ? error : { status: 500, code: 'internal-error' };
      describeAnswer(span, ctx, { status, outcome: code, message: (error as Error).message });
      throw error;
    } finally {
      span.end();
    }
  };
}

function routeOf(path: string): string | undefined {
  if (path === '/callback') return path;
  return path.startsWith('/callback/') ? '/callback/{deviceId}' : undefined;
}

interface Answered {
  status: number;
  outcome: string | undefined;
  message?: string;
}

function describeAnswer(
  span: Span,
  { params = {} }: Context & { params?: Record<string, string> },
  { status, outcome, message }: Answered,
): void {
  const { deviceId = '' } = params;
  span.setAttributes({
    'http.response.status_code': status,
    ...(outcome !== undefined && { 'ws_connect.outcome': outcome }),
    ...(isDeviceId(deviceId) && { 'ws_connect.device_id': deviceId }),
  });
  if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR, ...(message !== undefined && { message }) });
}
