import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Child } from '../../support/child.ts';
import { codeBlock } from '../../support/docs.ts';
import { Project } from '../../support/packages.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const limitBytes = 5000;

/** What a page that imports the client as a package gets of it. */
async function bundle() {
  const { outputFiles, metafile } = await build({
    stdin: { contents: `export * from '@ws-connect/device-client'`, resolveDir: root },
    absWorkingDir: root,
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    tsconfigRaw: {},
    write: false,
    metafile: true,
  });
  return { code: outputFiles[0]!.contents, inputs: Object.keys(metafile.inputs) };
}

it('is smaller than 5 KB minified and gzipped', async () => {
  const { code } = await bundle();

  const size = gzipSync(code, { level: 9 }).length;
  console.log(`device client: ${size} bytes minified and gzipped, ${code.length} minified`);

  expect(size).toBeLessThan(limitBytes);
});

it('depends on nothing', async () => {
  const { inputs } = await bundle();

  const foreign = inputs.filter((file) => !/^(<stdin>|packages\/device-client\/dist\/.*)$/.test(file));
  expect(inputs.length).toBeGreaterThan(5);
  expect(foreign).toEqual([]);
});

it('installs nothing but itself in an empty project', async () => {
  const project = await Project.create();
  onTestFinished(() => project.remove());

  const installed = await project.install('@ws-connect/device-client');

  expect(installed).toEqual(['@ws-connect/device-client']);
}, 60_000);

it('is imported by its name in the package', async () => {
  const script = `import('@ws-connect/device-client').then((client) => console.log(Object.keys(client).join()))`;
  const node = new Child(process.execPath, ['-e', script], { cwd: root });

  expect(await node.exited).toEqual({ code: 0, signal: null });
  expect(node.lines).toEqual(['DeviceClient,DeviceClientError']);
});

const usage = `
  import { DeviceClient } from '@ws-connect/device-client';
  import type { Message } from '@ws-connect/device-client';
  const client = new DeviceClient({ url: 'wss://example.com/connect', deviceId: 'lamp-1', WebSocket, token: async () => 'abc' });
  client.on('message', async ({ id, data }: Message) => {
    const text: string = typeof data === 'string' ? data : id + data.byteLength;
    client.send(text);
  });
  client.on('stopped', ({ code, by }) => { const both: [number, 'app' | 'pod'] = [code, by]; void both; });
  // @ts-expect-error there is no such event
  client.on('mesage', () => {});
`;

/** The example in the documents, and what it takes for granted. */
const example = `
  declare function fetchToken(): Promise<string>;
  declare function apply(content: string | Uint8Array): Promise<void>;
  ${codeBlock('js', "from '@ws-connect/device-client'")}`;

/** What the compiler has against a file of a project that has these libraries and types. */
async function complaints(source: string, libraries: string[]): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'ws-connect-usage-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await symlink(`${root}node_modules`, `${folder}/node_modules`);
  await writeFile(`${folder}/package.json`, '{"type":"module"}');
  await writeFile(`${folder}/usage.ts`, source);
  const strict = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2023', '--ignoreConfig'];
  const tsc = new Child(process.execPath, [
    `${root}node_modules/typescript/bin/tsc`,
    ...strict,
    ...libraries,
    `${folder}/usage.ts`,
  ]);
  const { code } = await tsc.exited;
  return code === 0 ? [] : tsc.lines;
}

describe('the types', () => {
  it.each([
    ['a page', ['--lib', 'es2023,dom', '--types', ''], ''],
    ['Node with ws', ['--lib', 'es2023', '--types', 'node'], `import { WebSocket } from 'ws';`],
    [
      'something that is neither',
      ['--lib', 'es2023', '--types', ''],
      `import type { WebSocketConstructor } from '@ws-connect/device-client'; declare const WebSocket: WebSocketConstructor;`,
    ],
  ])('are complete for %s', async (_, libraries, before) => {
    expect(await complaints(before + usage, libraries)).toEqual([]);
  });

  it('fit the example in the documents', async () => {
    expect(await complaints(example, ['--lib', 'es2023', '--types', 'node'])).toEqual([]);
  });

  it.each(["client.on('connected'", "import { WebSocket } from 'ws'"])(
    'fit the example in the README with %s',
    async (part) => {
      expect(await complaints(codeBlock('ts', part), ['--lib', 'es2023', '--types', 'node'])).toEqual([]);
    },
  );
});
