#!/usr/bin/env node
/**
 * The life of a device in Stately's inspector, one step each time you press Enter. There is no pod but that of the testing kit.
 *
 *   npm install --no-save @statelyai/inspect@0.7
 *   npm run build && node examples/stately/test-pod.mjs
 *
 * Another port than 8090 is its argument. Ctrl-C ends it. The page you open has Stately's own in it, which needs the internet.
 */
import { createInterface } from 'node:readline';
import { createWebSocketInspector } from '@statelyai/inspect';
import { createInspectorServer } from '@statelyai/inspect/server';
import { TestPod } from 'ws-connect/testing';

const [port = '8090'] = process.argv.slice(2);
createInspectorServer({ port: Number(port), autoOpen: false });
const { inspect } = createWebSocketInspector({
  url: `ws://localhost:${port}`,
  // Each connection by itself: the supervisor they all belong to has no chart to show.
  filter: ({ sessionId, rootId }) => sessionId !== rootId,
  serialize: (told) => ({ ...told, rootId: told.sessionId, parentId: undefined, sourceId: undefined }),
});

const pod = new TestPod({ inspect });
let lamp;
const life = {
  connects: async () => (lamp = await pod.connect('lamp-1')),
  'says nothing for three seconds': () => pod.pass(3000),
  'sends a message': () => lamp.send('on'),
  'goes out of reach': () => lamp.fallSilent(),
  'is not heard of for a minute': () => pod.pass(60_000),
};

console.log(`Open http://localhost:${port}, then press Enter for each step.`);
const presses = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
for (const [what, happen] of Object.entries(life)) {
  await presses.next();
  await happen();
  console.log(`lamp-1 ${what}: ${lamp.state}`);
}
