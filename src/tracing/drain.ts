import type { Span, Tracer } from '@opentelemetry/api';
import { SpanStatusCode } from '@opentelemetry/api';
import { drains } from '../drain/channels.ts';

/** One span for the whole drain of a pod, with an event at the start of each sweep. */
export function traceDrains(tracer: Tracer): (() => void)[] {
  const spans = new Map<string, Span>();

  const started = drains.started.subscribe(({ podId, connections }) => {
    spans.set(podId, tracer.startSpan('drain', { attributes: { 'ws_connect.connections': connections } }));
  });

  const swept = drains.sweep.subscribe(({ podId, sweep, connections }) => {
    spans.get(podId)?.addEvent('sweep', { 'ws_connect.sweep': sweep, 'ws_connect.remaining': connections });
  });

  const ended = drains.ended.subscribe(({ podId, outcome, sweeps, closedIdle, closedActive, remaining }) => {
    const span = spans.get(podId);
    if (!span) return;
    spans.delete(podId);
    span.setAttributes({
      'ws_connect.outcome': outcome,
      'ws_connect.sweeps': sweeps,
      'ws_connect.closed_idle': closedIdle,
      'ws_connect.closed_active': closedActive,
      'ws_connect.remaining': remaining,
    });
    if (outcome !== 'drained') span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  });

  return [started, swept, ended];
}
