/** The push route that by-hand and socket.io share: POST /callback/DEVICE on Koa, with an own body reader. */
import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import Koa from 'koa';
import type { Context } from 'koa';
import Router from '@koa/router';

export const maxPayloadBytes = 65_536;
const deviceIdPattern = /^[A-Za-z0-9._:-]{1,128}$/;

export function isDeviceId(text: string | null): text is string {
  return text !== null && deviceIdPattern.test(text);
}

/** Pushes the body and sets the answer's body. */
export type Push = (ctx: Context, deviceId: string, body: Buffer) => Promise<void> | void;

export function createCallbackServer(push: Push): Server {
  const router = new Router();
  router.post('/callback/:deviceId', async (ctx) => {
    const deviceId = ctx.params['deviceId'] ?? '';
    if (!isDeviceId(deviceId)) ctx.throw(400, 'bad device id');
    const body = (await readBody(ctx.req)) ?? ctx.throw(413, 'body too large');
    await push(ctx, deviceId, body);
  });
  const app = new Koa();
  app.use(router.routes());
  const handle = app.callback();
  return createServer({ keepAliveTimeout: 65_000 }, (request, response) => {
    void handle(request, response);
  });
}

/** Undefined: larger than a body may be. */
function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxPayloadBytes) chunks.push(chunk);
      else resolve(undefined);
    });
    request.on('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size)));
    request.on('error', reject);
  });
}
