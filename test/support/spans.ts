import { context, propagation, trace } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-node';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { afterAll, beforeAll } from 'vitest';
import type { Tracing } from '../../src/tracing/tracing.ts';
import { startTracing } from '../../src/tracing/tracing.ts';
import { until } from './until.ts';

/** A caller's span, as its headers have it. */
export const caller = {
  traceId: 'a'.repeat(32),
  spanId: 'b'.repeat(16),
  headers: { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`, tracestate: 'vendor=1' },
};

/** A real SDK that keeps spans in memory. What starts while it is loaded is traced. */
export class Spans {
  readonly #exporter = new InMemorySpanExporter();

  load(): void {
    const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(this.#exporter)] });
    provider.register();
  }

  unload(): void {
    trace.disable();
    context.disable();
    propagation.disable();
  }

  /** All that have ended. */
  get all(): ReadableSpan[] {
    return this.#exporter.getFinishedSpans();
  }

  /** Resolves with those of this name that ask for it, once there are so many. */
  async ended(name: string, is: (span: ReadableSpan) => boolean = () => true, count = 1): Promise<ReadableSpan[]> {
    const found = () => this.all.filter((span) => span.name === name && is(span));
    await until(() => found().length >= count);
    return found();
  }
}

/** Loads the SDK and traces all pods of this process for the tests of a file: call it at the file's top. */
export function useSpans(): Spans {
  const spans = new Spans();
  let tracing: Tracing | undefined;
  beforeAll(() => {
    spans.load();
    tracing = startTracing();
  });
  afterAll(() => {
    tracing?.stop();
    spans.unload();
  });
  return spans;
}

/** Is the span about this device? */
export function about(deviceId: string): (span: ReadableSpan) => boolean {
  return ({ attributes }) => attributes['ws_connect.device_id'] === deviceId;
}

/** The `traceparent` of what the span asks others to do. */
export function traceparentOf(span: ReadableSpan): string {
  const { traceId, spanId } = span.spanContext();
  return `00-${traceId}-${spanId}-01`;
}
