import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { Child } from '../support/child.ts';
import { Device } from '../support/device.ts';
import { addressesOf, Log } from '../support/process.ts';

const project = fileURLToPath(new URL('../../', import.meta.url));
const notSource = ['.git', 'dist', 'coverage', 'node_modules'];

vi.setConfig({ testTimeout: 60_000 }); // each test builds the program

/** A copy of the project: `npm start` builds, and would write into the program that other tests run. */
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ws-connect-project-'));
  const filter = (path: string) => !notSource.includes(relative(project, path));
  await cp(project, folder, { recursive: true, filter });
  await lendPackages(join(project, 'node_modules'), join(folder, 'node_modules'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

it('SIGTERM to npm alone drains the pod that npm start has started, and leaves no process behind', async () => {
  const npm = npmStart();
  const device = await parkDevice(npm);
  const pod = await podUnder(npm);

  npm.signal('SIGTERM');
  const close = await device.closed;
  await npm.exited;

  expect(close.code).toBe(1012);
  expect(new Log(npm).all('stopped')).toMatchObject([{ exitCode: 0 }]);
  expect(isRunning(pod)).toBe(false);
});

it('Ctrl-C in the terminal where npm start runs drains the pod once, and leaves no process behind', async () => {
  const npm = npmStart();
  const device = await parkDevice(npm);
  const pod = await podUnder(npm);

  npm.signalGroup('SIGINT');
  const close = await device.closed;
  await npm.exited;

  expect(close.code).toBe(1012);
  expect(new Log(npm).all('drain over')).toMatchObject([{ outcome: 'drained', closedIdle: 1, remaining: 0 }]);
  expect(new Log(npm).all('stopped')).toMatchObject([{ exitCode: 0 }]);
  expect(isRunning(pod)).toBe(false);
});

/** Hard links where the file system has them. Never one symbolic link: should `npm ci` run, it would empty the original. */
async function lendPackages(from: string, to: string): Promise<void> {
  const isCache = (name: string) => name.startsWith('.') && name !== '.bin' && name !== '.package-lock.json';
  const names = (await readdir(from)).filter((name) => !isCache(name)).map((name) => join(from, name));
  const copy = async (how: string) => {
    await mkdir(to);
    await promisify(execFile)('cp', [how, ...names, to]);
  };
  try {
    await copy('-al');
  } catch {
    await rm(to, { recursive: true, force: true }); // another file system
    await copy('-a');
  }
}

function npmStart(): Child {
  const env = {
    DEVICE_PORT: '0',
    CALLBACK_PORT: '0',
    ADMIN_PORT: '0',
    IDLE_AFTER_MS: '200',
    DRAIN_INTERVAL_MS: '100',
  };
  return new Child('npm', ['start'], { cwd: folder, env, ownGroup: true });
}

async function parkDevice(npm: Child): Promise<Device> {
  const { device } = addressesOf(await new Log(npm).logged('ready'), '127.0.0.1');
  return Device.connect(device, 'lamp-1');
}

/** The process id of the program below npm, whatever is between the two. */
async function podUnder(npm: Child): Promise<number> {
  const [pod, ...others] = await programsUnder(npm.pid);
  expect(others).toEqual([]);
  return pod!;
}

/** The ids of all processes below this one that run the built program themselves. */
async function programsUnder(pid: number): Promise<number[]> {
  const children = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(' ').filter(Boolean);
  const found = await Promise.all(children.map((child) => programsUnder(Number(child))));
  const [program, script] = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
  const own = program?.endsWith('node') && script === 'dist/src/main.js' ? [pid] : [];
  return [...own, ...found.flat()];
}

function isRunning(pid: number): boolean {
  return existsSync(`/proc/${pid}`);
}
