/**
 * Serves the operator page of the built program, and asks for it while this process cannot open another file and afterwards. It prints the
 * statuses: of a path that is not there, of the page without files, and of the page with files.
 */
import { closeSync, openSync } from 'node:fs';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
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
for (const file of files) closeSync(file);
await show('/');
process.exit(0);

function openAll() {
  const opened = [];
  try {
    for (;;) opened.push(openSync('/dev/null', 'r'));
  } catch {
    return opened;
  }
}
