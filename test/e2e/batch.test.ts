import { once } from 'node:events';
import { expect, it } from 'vitest';
import { ask, metric } from '../support/ask.ts';
import { BatchCaller } from '../support/batch.ts';
import { Device } from '../support/device.ts';
import { startProcess } from '../support/process.ts';
import { until } from '../support/until.ts';

const megabyte = 1024 * 1024;

/** What a process keeps, bytes. */
async function memory(admin: string): Promise<number> {
  const names = ['nodejs_heap_size_used_bytes', 'nodejs_external_memory_bytes'];
  const values = await Promise.all(names.map((name) => metric(admin, name)));
  return values.reduce((sum, value) => sum + value, 0);
}

it(
  '100,000 lines of a caller that does not read cost no more memory than the first of them',
  { timeout: 60_000 },
  async () => {
    const pod = startProcess({ LOG_LEVEL: 'info' });
    const { device: address, callback, admin } = await pod.listening();
    const device = await Device.connect(address, 'lamp-1');
    const caller = await BatchCaller.start(callback);
    const nobody = { deviceId: 'x'.repeat(128), data: 'y'.repeat(900) };
    const lines = [...Array.from({ length: 999 }, () => nobody), { deviceId: 'lamp-1', data: 'z' }];
    const before = await memory(admin);
    let most = 0;

    caller.response!.pause();
    for (let sent = 0; sent < 100_000; sent += lines.length) {
      if (caller.send(...lines)) continue;
      if (!caller.response!.isPaused()) await once(caller.outgoing, 'drain');
      else if (!(await drains(caller, admin))) {
        most = Math.max(most, await memory(admin));
        caller.response!.resume(); // it takes no more
        await once(caller.outgoing, 'drain');
      }
    }
    caller.end();
    const isWhole = await caller.ended;
    await until(() => device.frames.length >= 100);
    device.vanish();

    expect(most).toBeGreaterThan(0);
    expect((most - before) / megabyte).toBeLessThan(24);
    expect(isWhole).toBe(true);
    expect(caller.results).toHaveLength(100_000);
    expect(caller.results.filter(({ status }) => status === 200)).toHaveLength(100);
    expect(device.frames).toHaveLength(100);
  },
);

/** Does the pod take more? */
async function drains(caller: BatchCaller, admin: string): Promise<boolean> {
  for (let turn = 0; turn < 100; turn += 1) {
    if (!caller.outgoing.writableNeedDrain) return true;
    await ask(admin, '/livez');
  }
  return false;
}
