import { expect, it } from 'vitest';
import { PodProcess } from '../../src/rehearse/pod-process.ts';

function start(script: string): Promise<PodProcess> {
  const program = { command: process.execPath, args: ['-e', script] };
  return PodProcess.start({ name: 'pod-7', program, env: process.env, spawned() {} });
}

it('a pod that ends before it is ready is named, with how it ended and what it said last', async () => {
  const started = start('console.error("no luck"); process.exitCode = 3');

  await expect(started).rejects.toThrow('pod-7 did not start: ended with exit code 3\nno luck');
});

it('lines that are no log entries are passed over', async () => {
  const ports = { msg: 'ready', devicePort: 1, callbackPort: 2, adminPort: 3 };
  const pod = await start(`console.log("hello"); console.log('${JSON.stringify(ports)}')`);
  await pod.exited;

  expect(pod.deviceEndpoint).toEqual({ host: '127.0.0.1', port: 1 });
  expect(pod.callbackEndpoint).toEqual({ host: '127.0.0.1', port: 2 });
  expect(pod.drainReport).toBeUndefined();
});

it('a program that is not there is named', async () => {
  const program = { command: '/nowhere/node', args: [] };

  const started = PodProcess.start({ name: 'pod-7', program, env: process.env, spawned() {} });

  await expect(started).rejects.toThrow('pod-7 did not start: spawn /nowhere/node ENOENT');
});
