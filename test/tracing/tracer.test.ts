import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { expect, it } from 'vitest';
import { contextOf } from '../../src/tracing/tracer.ts';
import { caller, useSpans } from '../support/spans.ts';

useSpans();

it('a request belongs to what its headers say', () => {
  const spanContext = trace.getSpanContext(contextOf(caller.headers));

  expect(spanContext).toMatchObject({ traceId: caller.traceId, spanId: caller.spanId, isRemote: true });
});

it('a request belongs to the span an instrumentation has begun for it, whatever its headers say', () => {
  const begun = trace.getTracer('instrumentation').startSpan('POST');

  const found = context.with(trace.setSpan(ROOT_CONTEXT, begun), () => trace.getSpan(contextOf(caller.headers)));

  expect(found).toBe(begun);
});
