import type { Span, Tracer } from '@opentelemetry/api';
import { SpanStatusCode } from '@opentelemetry/api';
import type { Life } from '../life.ts';

/** One span for the whole drain, with an event at the start of each sweep. */
export function traceDrain({ actor, connections, report }: Life, tracer: Tracer): void {
  let span: Span | undefined;
  let sweep = 0;
  actor.subscribe((snapshot) => {
    if (!snapshot.hasTag('draining')) return;
    span ??= tracer.startSpan('drain', { attributes: { 'ws_connect.connections': connections.size } });
    if (snapshot.context.sweep === sweep) return;
    sweep = snapshot.context.sweep;
    span.addEvent('sweep', { 'ws_connect.sweep': sweep, 'ws_connect.remaining': connections.size });
  });
  void report.then(({ outcome, sweeps, closedIdle, closedActive, remaining }) => {
    span?.setAttributes({
      'ws_connect.outcome': outcome,
      'ws_connect.sweeps': sweeps,
      'ws_connect.closed_idle': closedIdle,
      'ws_connect.closed_active': closedActive,
      'ws_connect.remaining': remaining,
    });
    if (outcome !== 'drained') span?.setStatus({ code: SpanStatusCode.ERROR });
    span?.end();
  });
}
