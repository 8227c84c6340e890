#!/usr/bin/env node
/**
 * A device of a running pod in Stately's inspector: reads what `ws-connect follow` writes.
 *
 *   npm install --no-save @statelyai/inspect@0.7
 *   ws-connect follow lamp-1 --admin http://POD:8082 | node examples/stately/follow.mjs
 *
 * Another port than 8090 is its argument. Ctrl-C ends it. The page you open has Stately's own in it, which needs the internet.
 */
import { createInterface } from 'node:readline';
import { createWebSocketInspector } from '@statelyai/inspect';
import { createInspectorServer } from '@statelyai/inspect/server';
import { connectionMachine } from 'ws-connect/machines';

const [port = '8090'] = process.argv.slice(2);
createInspectorServer({ port: Number(port), autoOpen: false });
const inspector = createWebSocketInspector({ url: `ws://localhost:${port}` });
console.log(`Open http://localhost:${port}`);

const known = new Set();
for await (const line of createInterface({ input: process.stdin })) {
  const { deviceId, traceId, event, from, to, reason } = JSON.parse(line);
  const snapshotIn = (state) => ({
    value: state.split('.').reduceRight((child, parent) => ({ [parent]: child })), // { registered: 'idle' }
    status: state === 'unregistered' ? 'done' : 'active',
    context: { deviceId, reason },
  });
  if (!known.has(traceId)) {
    known.add(traceId);
    inspector.actor({ sessionId: traceId, logic: connectionMachine }, snapshotIn(from ?? to));
  }
  inspector.event(traceId, event);
  inspector.snapshot(traceId, snapshotIn(to), { event: { type: event } });
}
