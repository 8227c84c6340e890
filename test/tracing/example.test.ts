import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { push } from '../support/ask.ts';
import { Device } from '../support/device.ts';
import { startProcess } from '../support/process.ts';

/** What a collector is sent (OTLP/HTTP, JSON). */
interface Sent {
  resourceSpans: {
    resource: { attributes: { key: string; value: { stringValue: string } }[] };
    scopeSpans: { spans: { name: string }[] }[];
  }[];
}

const example = fileURLToPath(new URL('../../examples/tracing/otel.mjs', import.meta.url));

it('the SDK of the example sends every span, the last ones too before the process exits', async () => {
  const { endpoint, sent } = await runCollector();
  const pod = startProcess({
    NODE_OPTIONS: `--import ${example}`,
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    POD_UID: 'pod-1',
    IDLE_AFTER_MS: '1',
  });
  const { device: address, callback } = await pod.ready();
  const device = await Device.connect(address, 'lamp-1');
  await push(callback, 'lamp-1');
  pod.signal('SIGTERM');
  await device.closed;
  const { code } = await pod.exited;

  const resources = sent.flatMap(({ resourceSpans }) => resourceSpans);
  const spans = resources.flatMap(({ scopeSpans }) => scopeSpans).flatMap((scope) => scope.spans);

  expect(code).toBe(0);
  expect(spans.map(({ name }) => name).toSorted()).toEqual(['callback', 'connect', 'drain', 'register']);
  expect(resources[0]!.resource.attributes.map(({ value }) => value.stringValue)).toEqual(['ws-connect', 'pod-1']);
});

it('a collector that never answers holds up the exit for no more than a second', async () => {
  const silent = createServer(() => {});
  const endpoint = await listening(silent);
  const pod = startProcess({
    NODE_OPTIONS: `--import ${example}`,
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    OTEL_EXPORTER_OTLP_TIMEOUT: '60000',
  });
  await pod.ready();
  pod.signal('SIGTERM');

  const asked = once(silent, 'request'); // with the span of the drain
  const { code } = await pod.exited;

  await asked;
  expect(code).toBe(0);
});

async function runCollector() {
  const sent: Sent[] = [];
  const endpoint = await listening(
    createServer(async (request, response) => {
      sent.push((await json(request)) as Sent);
      response.setHeader('Content-Type', 'application/json').end('{}');
    }),
  );
  return { endpoint, sent };
}

async function listening(server: ReturnType<typeof createServer>): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
