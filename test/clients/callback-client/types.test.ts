import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { Child } from '../../support/child.ts';
import { codeBlock } from '../../support/docs.ts';

const repository = fileURLToPath(new URL('../../../', import.meta.url));
const compiler = join(repository, 'node_modules/typescript/bin/tsc');

const service = `
import { createCallbackClient } from '@ws-connect/callback-client';
import type { BatchResult, CallbackClient, SendResult } from '@ws-connect/callback-client';

interface Order { id: string; items: number[] }
declare const order: Order;
const client: CallbackClient = createCallbackClient({ redis: { get: async (_key: string) => null } });

export function text(result: SendResult | BatchResult): string {
  switch (result.outcome) {
    case 'delivered':
    case 'acked':
      return result.traceId ?? '';
    case 'offline':
      return result.deviceId;
    case 'unknown':
      return result.code;
    case 'refused':
      return result.detail + result.status.toFixed();
    case 'unavailable':
      return result.code + (result.retryAfterMs ?? 0).toFixed();
  }
}

export async function run(): Promise<void> {
  const result = await client.send('lamp-1', order, { ack: true, signal: AbortSignal.timeout(1) });
  if (result.outcome === 'delivered') result.traceId.toUpperCase();
  // @ts-expect-error: only what was delivered has a connection
  result.traceId;
  // @ts-expect-error: a body has to have a form as JSON
  await client.send('lamp-1', undefined);
  // @ts-expect-error: one or the other
  createCallbackClient({});
  for await (const each of client.batch([{ deviceId: 'lamp-1', body: 'x' }])) text(each);
}
`;

/** The examples in the documents, and what they take for granted. */
const shown = `
import type { BatchMessage, RedisReader } from '@ws-connect/callback-client';
declare const redis: RedisReader;
declare const messages: AsyncIterable<BatchMessage>;
declare function count(outcome: 'delivered' | 'acked' | 'offline' | 'unknown' | 'refused' | 'unavailable'): void;
${codeBlock('ts', 'createCallbackClient')}
${codeBlock('ts', 'client.batch(')}
`;

/** A service's own project with the package installed, the types of Node, these other packages and nothing else. */
function createProject(files: Record<string, string>, others: string[] = []): string {
  const folder = mkdtempSync(join(tmpdir(), 'ws-connect-service-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'node_modules/@types'), { recursive: true });
  mkdirSync(join(folder, 'node_modules/@ws-connect'));
  symlinkSync(join(repository, 'packages/callback-client'), join(folder, 'node_modules/@ws-connect/callback-client'));
  for (const name of ['@types/node', ...others])
    symlinkSync(join(repository, 'node_modules', name), join(folder, 'node_modules', name));
  const all = { 'package.json': '{ "type": "module" }', ...files };
  for (const [name, content] of Object.entries(all)) writeFileSync(join(folder, name), content);
  return folder;
}

const compilerOptions = {
  module: 'nodenext',
  target: 'es2023',
  lib: ['es2023'],
  types: ['node'],
  strict: true,
  exactOptionalPropertyTypes: true,
  noEmit: true,
};

it('a service and the examples in the documents compile against the client, and against no type of what the pods are made of', async () => {
  const tsconfig = JSON.stringify({ compilerOptions: { ...compilerOptions, listFiles: true } });
  const folder = createProject({ 'service.ts': service, 'shown.ts': shown, 'tsconfig.json': tsconfig });

  const compiling = new Child(process.execPath, [compiler, '-p', folder]);
  const { code } = await compiling.exited;

  const files = compiling.lines.filter((line) => !/\/@?typescript\/|\/@types\/node\/|\/undici-types\//.test(line));
  const foreign = files.filter((file) => !/callback-client\/dist\/[\w-]+\.d\.ts$|\/(service|shown)\.ts$/.test(file));
  expect(foreign).toEqual([]);
  expect(code).toBe(0);
});

it('the examples in its README compile', async () => {
  const tsconfig = JSON.stringify({ compilerOptions: { ...compilerOptions, skipLibCheck: true } });
  const [withRedis, withPods] = [codeBlock('js', 'createCallbackClient({ redis })'), codeBlock('js', 'pods: [')];
  const files = { 'redis.ts': withRedis, 'pods.ts': withPods, 'tsconfig.json': tsconfig };
  const folder = createProject(files, ['ioredis']);

  const compiling = new Child(process.execPath, [compiler, '-p', folder]);
  const { code } = await compiling.exited;

  expect(compiling.lines).toEqual([]);
  expect(code).toBe(0);
});

it('a service runs with the built client', async () => {
  const script = `
    import { createCallbackClient } from '@ws-connect/callback-client';
    const client = createCallbackClient({ redis: { get: async () => null } });
    console.log(JSON.stringify(await client.send('lamp-1', 'x')));
    client.close();`;
  const folder = createProject({ 'service.js': script });

  const running = new Child(process.execPath, [join(folder, 'service.js')]);
  const { code } = await running.exited;

  expect(running.lines).toEqual(['{"deviceId":"lamp-1","attempts":0,"outcome":"offline"}']);
  expect(code).toBe(0);
});
