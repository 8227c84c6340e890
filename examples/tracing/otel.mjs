// Sends the spans of ws-connect to a collector, by default the one at localhost:4318 (OTEL_EXPORTER_OTLP_ENDPOINT).
//   npm install @opentelemetry/sdk-trace-node@2 @opentelemetry/exporter-trace-otlp-http@0.223 @opentelemetry/resources@2
//   NODE_OPTIONS='--import ./otel.mjs' OTEL_TRACES_SAMPLER=parentbased_traceidratio OTEL_TRACES_SAMPLER_ARG=0.01 ws-connect
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';

new NodeTracerProvider({
  resource: resourceFromAttributes({ 'service.name': 'ws-connect', 'service.instance.id': process.env.POD_UID }),
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
}).register();
