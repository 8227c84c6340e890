import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { shareSockets } from '../../src/open-files.ts';
import { ask, push } from '../support/ask.ts';
import { Child } from '../support/child.ts';
import { Device } from '../support/device.ts';
import { addressesOf, Log, program } from '../support/process.ts';
import { RawClient } from '../support/raw-client.ts';
import { until } from '../support/until.ts';

const limit = 150;
const { devices: places, callers, admin } = shareSockets(limit);
const host = '127.0.0.1';

/** Starts Node with no more than this many open files. */
function startLimited(args: string[], env: Record<string, string> = {}): Child {
  return new Child('sh', ['-c', `ulimit -n ${limit}; exec "$0" "$@"`, process.execPath, ...args], { env });
}

/** A pod as a process of its own that may open 150 files. */
async function runLimitedPod() {
  const child = startLimited([program], { HOST: host, DEVICE_PORT: '0', CALLBACK_PORT: '0', ADMIN_PORT: '0' });
  const log = new Log(child);
  return { child, log, ...addressesOf(await log.logged('ready'), host) };
}

/** Connects devices, ten at a time, and says what became of each: `open`, or the error. */
async function connectMany(address: string, count: number): Promise<{ outcomes: string[]; open: Device[] }> {
  const open: Device[] = [];
  const connectOne = async (name: string) => {
    try {
      open.push(await Device.connect(address, name));
      return 'open';
    } catch (error) {
      return (error as Error).message;
    }
  };
  const outcomes: string[] = [];
  while (outcomes.length < count) {
    const names = Array.from({ length: 10 }, (_, index) => `lamp-${outcomes.length + index}`);
    outcomes.push(...(await Promise.all(names.map(connectOne))));
  }
  return { outcomes, open };
}

describe('a pod that may open 150 files', () => {
  it('warns at start that this is few', async () => {
    const { log } = await runLimitedPod();

    const warnings = log.lines.filter(({ msg }) => msg.includes('limit of open files'));

    expect(warnings).toMatchObject([{ level: 40, msg: expect.stringContaining(`at most ${places} devices`) }]);
  });

  it('refuses with 503 the devices that it has no files for, says so once, and goes on working', async () => {
    const { log, device, admin: adminBase, callback } = await runLimitedPod();

    const { outcomes, open } = await connectMany(device, 220);
    const alive = await ask(adminBase, '/livez');
    const pushed = await push(callback, 'lamp-0');
    const page = await ask(adminBase, '/');

    expect(outcomes.filter((outcome) => outcome === 'open')).toHaveLength(places);
    expect(new Set(outcomes)).toEqual(new Set(['open', 'Unexpected server response: 503']));
    expect([alive.status, pushed.status, page.status]).toEqual([200, 200, 200]);
    expect(log.all('the pod is full: new devices are refused')).toMatchObject([{ level: 40, maxConnections: places }]);
    for (const { socket } of open) socket.terminate();
  });

  it('takes devices again when others have left', async () => {
    const { device } = await runLimitedPod();
    const { open } = await connectMany(device, 100);

    for (const { socket } of open) socket.terminate();
    const next = await until(() => Device.connect(device, 'late').catch(() => false as const));

    expect(open).toHaveLength(places);
    expect(next.socket.readyState).toBe(next.socket.OPEN);
    next.vanish();
  });

  it.each([
    ['device', 'DEVICE_PORT'],
    ['callback', 'CALLBACK_PORT'],
  ] as const)('answers the kubelet while 300 that say nothing are at its %s port', async (side, port) => {
    const pod = await runLimitedPod();
    const lamp = await Device.connect(pod.device, 'lamp-1');

    await Promise.all(Array.from({ length: 300 }, () => RawClient.connect(pod[side])));
    const line = await pod.log.logged('new connections are closed at once: the limit of open files is reached');
    const alive = await ask(pod.admin, '/livez');
    const page = await ask(pod.admin, '/');

    expect([alive.status, page.status]).toEqual([200, 200]);
    expect(line).toMatchObject({ level: 40, port });
    expect(pod.log.all(line.msg)).toHaveLength(1);
    lamp.vanish();
  });

  it('delivers callbacks while 300 that say nothing are at its device port and at its admin port', async () => {
    const pod = await runLimitedPod();
    const lamp = await Device.connect(pod.device, 'lamp-1');
    const crowd = [pod.device, pod.admin].flatMap((address) => Array.from({ length: 300 }, () => address));

    await Promise.all(crowd.map((address) => RawClient.connect(address)));
    const pushed = await Promise.all(
      Array.from({ length: Math.min(callers, admin) }, () => push(pod.callback, 'lamp-1')),
    );

    expect(new Set(pushed.map(({ status }) => status))).toEqual(new Set([200]));
    lamp.vanish();
  });
});

it('an operator page and a chart that could not be read once are read again', async () => {
  const script = fileURLToPath(new URL('../support/page-without-files.js', import.meta.url));
  const child = startLimited([script]);

  const answers = await child.wrote('five answers', () => child.lines[4] && child.lines.slice(0, 5));

  expect(answers).toEqual(['404', '500', 'no chart', '200', 'chart']);
});
