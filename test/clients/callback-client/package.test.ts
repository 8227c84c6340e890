import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { expect, it, onTestFinished } from 'vitest';
import { Project } from '../../support/packages.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

it('brings a service nothing of the server, and of packages lru-cache alone', async () => {
  const { outputFiles, metafile } = await build({
    stdin: { contents: `export * from '@ws-connect/callback-client'`, resolveDir: root },
    absWorkingDir: root,
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    tsconfigRaw: {},
    write: false,
    metafile: true,
  });
  const code = outputFiles[0]!.contents;
  console.log(`callback client: ${gzipSync(code, { level: 9 }).length} bytes minified and gzipped`);

  const foreign = Object.keys(metafile.inputs).filter(
    (file) => !/^(<stdin>|node_modules\/lru-cache\/.*|packages\/callback-client\/dist\/.*)$/.test(file),
  );
  expect(foreign).toEqual([]);
});

it('installs itself and lru-cache in an empty project', async () => {
  const project = await Project.create();
  onTestFinished(() => project.remove());

  const installed = await project.install('@ws-connect/callback-client');

  expect(installed).toEqual(['@ws-connect/callback-client', 'lru-cache']);
}, 60_000);
