import { SimulatedClock } from 'xstate';
import { describe, expect, it } from 'vitest';
import { kicked } from '../../machines/disconnect.ts';
import { createEndLog } from '../../src/connections/end-log.ts';
import { createLogger } from '../../src/observe/log.ts';
import { ask, push } from '../support/ask.ts';
import { runDevice, runPod } from '../support/running.ts';

/** Writes so many lives with this level, and returns the lines. */
function write(level: string, clock = new SimulatedClock()) {
  const lines: Record<string, unknown>[] = [];
  const logEnd = createEndLog(createLogger(level, { write: (line) => lines.push(JSON.parse(line)) }), clock);
  const life = { deviceId: 'd', traceId: 't', connectedAt: 0, bytes: () => ({ received: 1, sent: 2 }) };
  return { clock, lines, end: (count: number) => Array.from({ length: count }, () => logEnd(life, kicked)) };
}

describe('the line of a life', () => {
  it('says who it was, when, why it ended, and what went each way', async () => {
    const pod = await runPod({ LOG_LEVEL: 'info' });
    const device = await runDevice(pod, 'lamp-1');
    await push(pod.callback, 'lamp-1', 'x'.repeat(1000));
    device.send('y'.repeat(500));
    await device.close();

    const line = await pod.logged('connection ended');

    expect(line).toMatchObject({ level: 30, deviceId: 'lamp-1', code: 1005, reason: 'peer' });
    expect(line['traceId']).toMatch(/^[0-9a-f]{32}$/);
    expect(Date.now() - Date.parse(String(line['openedAt']))).toBeLessThan(20_000);
    expect(line['durationMs']).toBeGreaterThanOrEqual(0);
    expect(line['bytesSent']).toBeGreaterThan(1000);
    expect(line['bytesReceived']).toBeGreaterThan(500);
    expect(line).not.toHaveProperty('leftOut');
  });

  it('says the same time of the connect as every answer before', async () => {
    const pod = await runPod({ LOG_LEVEL: 'info' });
    const device = await runDevice(pod, 'lamp-1');
    const named = new Set<unknown>();

    for (let times = 0; times < 50; times += 1) {
      const { json } = await ask(pod.callback, '/connections/lamp-1');
      named.add((json as { connectedAt: string }).connectedAt);
    }
    await device.close();
    named.add((await pod.logged('connection ended'))['openedAt']);

    expect([...named]).toEqual([expect.stringMatching(/Z$/)]);
  });

  it('is written for 20 a second, and the next says how many were left out', () => {
    const { clock, lines, end } = write('info');

    end(100);
    clock.increment(1000);
    end(1);

    expect(lines).toHaveLength(21);
    expect(lines.at(-1)).toMatchObject({ leftOut: 80, durationMs: 1000 });
  });

  it('is written for every life when debug lines are wanted', () => {
    const { lines, end } = write('debug');

    end(100);

    expect(lines).toHaveLength(100);
  });

  it('is not written when nobody wants such lines', () => {
    const { lines, end } = write('warn');

    end(1);

    expect(lines).toEqual([]);
  });
});
