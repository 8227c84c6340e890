/**
 * Asks for the operator page and for a chart of the built program while this process cannot open another file, and afterwards. It prints
 * the status of a path that does not exist, then for each of the two times the status of the page and whether the chart can be read.
 */
import { closeSync, openSync } from 'node:fs';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { formatMachine, machines } from '../../dist/src/admin/machines.js';
import { pageRoutes } from '../../dist/src/admin/page-routes.js';
import { createHttpServer } from '../../dist/src/http/app.js';

const silent = { warn() {}, error() {} };
const server = createHttpServer(pageRoutes(), silent).server.listen(0, '127.0.0.1');
await once(server, 'listening');
const agent = new Agent({ keepAlive: true, maxSockets: 1 }); // a connection that is open already needs no file

async function show(path) {
  const outgoing = request({ host: '127.0.0.1', port: server.address().port, path, agent }).end();
  const [response] = await once(outgoing, 'response');
  response.resume();
  await once(response, 'end');
  console.log(String(response.statusCode));
}

await show('/nowhere');
const files = openAll();
await show('/');
await read('pod');
for (const file of files) closeSync(file);
await show('/');
await read('pod');
process.exit(0);

async function read(name) {
  const text = await formatMachine(machines.get(name), 'svg').catch(() => undefined);
  console.log(text === undefined ? 'no chart' : 'chart');
}

function openAll() {
  const opened = [];
  try {
    for (;;) opened.push(openSync('/dev/null', 'r'));
  } catch {
    return opened;
  }
}
