import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { metric } from '../support/ask.ts';
import { Child } from '../support/child.ts';
import { codeBlock } from '../support/docs.ts';
import { findPython } from '../support/python.ts';
import { runPod } from '../support/running.ts';
import { until } from '../support/until.ts';

/** What docs/devices.md shows first. */
const javaScript = codeBlock('js', 'ws://127.0.0.1:8080');
const python = codeBlock('python', 'ws://127.0.0.1:8080');
const shell = codeBlock('sh', 'ws://127.0.0.1:8080');
const curl = codeBlock('sh', '-d hello http://127.0.0.1:8081');

const wscat = fileURLToPath(import.meta.resolve('wscat/bin/wscat'));

const starts: [string, (at: (code: string) => string) => Child | Promise<Child>][] = [
  [
    'JavaScript',
    (at) => new Child(process.execPath, ['--no-warnings', '--experimental-websocket', '-e', at(javaScript)]),
  ],
  [
    'Python',
    async (at) => {
      const { command, env } = await findPython();
      return new Child(command, ['-c', at(python)], { env });
    },
  ],
  [
    'a shell',
    // it wants a terminal, or it ends with its input
    (at) =>
      new Child('script', ['-qefc', at(shell).replace('npx wscat', `'${process.execPath}' '${wscat}'`), '/dev/null']),
  ],
];

it.each(starts)(
  'the first lines of docs/devices.md in %s show what the curl below them pushes',
  async (_name, start) => {
    const pod = await runPod();
    const device = await start((code) => code.replace('127.0.0.1:8080', pod.device));
    await until(() => metric(pod.admin, 'ws_connect_connections{state="registered.active"}'));

    const push = new Child('sh', ['-c', curl.replace('http://127.0.0.1:8081', pod.callback)]);

    expect(await push.exited).toEqual({ code: 0, signal: null });
    expect(
      await device.wrote('what was pushed', () => device.lines.find((line) => line.includes('hello'))),
    ).toBeDefined();
  },
);
