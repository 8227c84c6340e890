/**
 * Builds the image and runs it: `npm run test:image`. Where NODE_IMAGE is set that is the base, else one is made. Layers and the
 * base stay in node_modules/.cache/image; an image tried before is built anew.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';
import { makeBase } from './base.ts';
import type { ImageConfig } from './container.ts';
import { Container } from './container.ts';
import { isThere, run } from './run.ts';

const project = fileURLToPath(new URL('../../', import.meta.url));
const folder = join(project, 'node_modules/.cache/image');
const store = ['--root', join(folder, 'store'), '--runroot', join(folder, 'run'), '--storage-driver', 'vfs'];
const buildah = (...args: string[]) => run('buildah', [...store, ...args]);
const certificates = '/etc/ssl/certs/ca-certificates.crt';

/** What is not there of what this needs. */
function missing(): string[] {
  const programs = ['buildah', 'runc', ...(process.env['NODE_IMAGE'] ? [] : ['debootstrap'])];
  return [
    ...(process.platform === 'linux' && process.arch === 'x64' ? [] : ['Linux on x64']),
    ...(process.getuid?.() === 0 ? [] : ['root']),
    ...programs.filter((program) => !isThere(program)).map((program) => `${program} (apt-get install ${program})`),
  ];
}

/** The name of the base in our store. */
function base(): string {
  const given = process.env['NODE_IMAGE'];
  if (given) return given;
  const root = makeBase(folder);
  cpSync(certificates, join(root, certificates)); // what this machine trusts: its registry may be behind a proxy
  const container = buildah('from', 'scratch');
  buildah('add', container, root, '/');
  buildah('config', '--env', 'PATH=/usr/local/bin:/usr/bin:/bin', container);
  buildah('config', '--env', `NODE_EXTRA_CA_CERTS=${certificates}`, container);
  buildah('commit', '--rm', container, 'localhost/base');
  return 'localhost/base';
}

function build(): string {
  const args = ['--isolation', 'chroot', '--layers=false', '--build-arg', `NODE_IMAGE=${base()}`];
  buildah('build', ...args, '--build-arg', 'REVISION=tried', '--tag', 'localhost/ws-connect', project);
  return 'localhost/ws-connect';
}

async function tryIt(root: string, config: ImageConfig): Promise<void> {
  const container = new Container(folder, root, config, [
    'POD_IP=127.0.0.1',
    'DEVICE_PORT=0',
    'CALLBACK_PORT=0',
    'ADMIN_PORT=0',
  ]);
  try {
    const { devicePort, callbackPort } = await container.logged('ready');
    const programs = container.programs();
    console.log(`runs, user and program: ${programs.join(', ')}`);
    assert.deepEqual(programs, [`1000 ${config.Cmd.join(' ')}`]);

    const device = new WebSocket(`ws://127.0.0.1:${String(devicePort)}/connect?deviceId=lamp-1`);
    const closed = once(device, 'close');
    await once(device, 'open');
    const message = once(device, 'message');
    const url = `http://127.0.0.1:${String(callbackPort)}/callback/lamp-1`;
    const { status } = await fetch(url, { method: 'POST', headers: { 'Content-Type': 'text/plain' }, body: 'hello' });
    assert.equal(status, 200);
    assert.equal(String((await message)[0]), 'hello');
    console.log('a device connected, and a callback reached it');

    container.terminate();
    assert.equal((await closed)[0], 1012);
    assert.equal(await container.exited, 0);
    console.log('SIGTERM: the device was closed with 1012, the program ended with 0');
  } finally {
    container.remove();
  }
}

const needed = missing();
if (needed.length > 0) {
  console.error(`test:image builds and runs the image and needs what is not here: ${needed.join('; ')}`);
  process.exit(1);
}
const image = build();
const { OCIv1 } = JSON.parse(buildah('inspect', '--type', 'image', image)) as { OCIv1: { config: ImageConfig } };
console.log(`built, with the labels ${JSON.stringify(OCIv1.config.Labels)}`);
const container = buildah('from', image);
try {
  await tryIt(buildah('mount', container), OCIv1.config);
} finally {
  buildah('rm', container);
}
