import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { ask } from '../../support/ask.ts';
import { Child } from '../../support/child.ts';
import { runPod } from '../../support/running.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** A program of its own that uses the package as it was built, and Node's own WebSocket, which shows no more than a browser's. */
const program = `
  import('@ws-connect/device-client').then(({ DeviceClient }) => {
    const client = new DeviceClient({ url: process.argv[1], deviceId: 'lamp-1' });
    client.on('connected', ({ podId }) => console.log('connected to ' + podId));
    client.on('message', ({ id, data }) => console.log(id + ' ' + (typeof data === 'string' ? data : [...data])));
    client.on('stopped', ({ code }) => console.log('stopped by ' + code));
  });
`;

it('works with the WebSocket that is there, and lets the process end when it has stopped', async () => {
  const pod = await runPod();
  const flags = ['--no-warnings', '--experimental-websocket'];
  const device = new Child(process.execPath, [...flags, '-e', program, `ws://${pod.device}/connect`], { cwd: root });
  const connected = await device.wrote('a connection', () => device.lines[0]);

  const send = (id: string, type: string) =>
    ask(pod.callback, `/callback/lamp-1?ack=1&id=${id}`, {
      method: 'POST',
      body: 'hé',
      headers: { 'Content-Type': type },
    });
  const text = await send('m-1', 'text/plain');
  const bytes = await send('m-2', 'application/octet-stream');
  await ask(pod.callback, '/connections/lamp-1', { method: 'DELETE' });
  const exit = await device.exited;

  expect([text.status, bytes.status]).toEqual([200, 200]);
  expect(device.lines).toEqual([connected, 'm-1 hé', 'm-2 104,195,169', 'stopped by 4503']);
  expect(device.stderr).toBe('');
  expect(exit).toEqual({ code: 0, signal: null });
});
