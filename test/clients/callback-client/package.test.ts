import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));

it('brings a service nothing of the server but what it needs, and of packages lru-cache alone', async () => {
  const { outputFiles, metafile } = await build({
    stdin: { contents: `export * from 'ws-connect/callback-client'`, resolveDir: root },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    write: false,
    metafile: true,
  });
  const code = outputFiles[0]!.contents;
  console.log(`callback client: ${gzipSync(code, { level: 9 }).length} bytes minified and gzipped`);

  const foreign = Object.keys(metafile.inputs).filter(
    (file) => !/^(<stdin>|node_modules\/lru-cache\/.*|dist\/src\/clients\/callback-client\/.*)$/.test(file),
  );
  const needed = [
    'address',
    'backoff',
    'callback/batch-lines',
    'callback/pod-client',
    'callback/pod-exchange',
    'callback/pod-proof',
    'device-id',
    'http/pieces',
    'message-id',
    'registry/entry',
  ];
  expect(foreign.sort()).toEqual(needed.map((name) => `dist/src/${name}.js`));
});
