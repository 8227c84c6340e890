import { describe, expect, it } from 'vitest';
import type { Environment } from '../../src/config.ts';
import { ask, metric, push } from '../support/ask.ts';
import { Child } from '../support/child.ts';
import { useChromium } from '../support/chromium.ts';
import type { ExampleDevice, Start } from '../support/examples/devices.ts';
import { startNodeDevice, startPageDevice, startPythonDevice } from '../support/examples/devices.ts';
import { pathOf } from '../support/examples/services.ts';
import { freePort } from '../support/free-port.ts';
import type { TestPod } from '../support/pod.ts';
import { findPython } from '../support/python.ts';
import { runDevice, runPod } from '../support/running.ts';
import { jwtEnv, tokenFor } from '../support/tokens.ts';
import { until } from '../support/until.ts';

const browser = useChromium();
const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
const text = { 'Content-Type': 'text/plain' };

/** Writes down for how long a page wants to wait each time, and what it says of its connection. */
const writeDown = `
  window.waits = [];
  window.states = [];
  const wait = window.setTimeout;
  window.setTimeout = (run, ms) => waits.push(ms) && wait(run, ms);
  const look = () => states.push(document.querySelector('output')?.textContent);
  new MutationObserver(look).observe(document, { subtree: true, childList: true });
`;

const devices: [string, (start: Start) => Promise<ExampleDevice>][] = [
  ['node/device.js', startNodeDevice],
  ['python/device.py', startPythonDevice],
  ['browser/index.html', async (start) => startPageDevice(await browser.newPage(), start)],
];

describe.each(devices)('examples/%s', (_name, start) => {
  it('shows text as it is and bytes in hex', async () => {
    const pod = await runPod();
    const device = await start({ gateway: `ws://${pod.device}` });
    await connected(pod);

    await push(pod.callback, 'lamp-1', 'aé漢🙂 "\\', text);
    await push(pod.callback, 'lamp-1', everyByte);

    const printed = await until(async () => (await device.printed()).length === 2 && device.printed());
    expect(printed).toEqual(['aé漢🙂 "\\', everyByte.toString('hex')]);
  });

  it('shows its token', async () => {
    const pod = await runPod(jwtEnv);

    const device = await start({ gateway: `ws://${pod.device}`, token: await tokenFor('lamp-1') });
    await connected(pod);

    expect(await until(() => device.said())).toContain('connected');
  });

  it('comes back when it was cut off', async () => {
    const pod = await runPod();
    const device = await start({ gateway: `ws://${pod.device}` });
    await connected(pod);

    pod.pod.terminate();
    pod.pod.terminate();
    await pod.pod.ended;
    const next = await runPod({ DEVICE_PORT: String(pod.devicePort) });
    await connected(next);
    await push(next.callback, 'lamp-1', 'hello', text);

    await until(async () => (await device.printed()).includes('hello'));
    expect(await device.printed()).toEqual(['hello']);
  });
});

it.each([
  ['node/device.js', startNodeDevice],
  ['python/device.py', startPythonDevice],
])('examples/%s ends when it is told not to come back', async (_name, start) => {
  const pod = await runPod();
  const device = await start({ gateway: `ws://${pod.device}` });
  await connected(pod);

  await runDevice(pod, 'lamp-1');

  expect(await device.child.exited).toEqual({ code: 1, signal: null });
  expect(device.said()).toBe('connected\nclosed: 4509 superseded\n');
});

describe('examples/python/device.py', () => {
  it.each<[status: number, env: Environment, deviceId: string]>([
    [400, {}, '..'],
    [401, jwtEnv, 'lamp-1'],
  ])('ends when it is refused with %i', async (status, env, deviceId) => {
    const pod = await runPod(env);

    const device = await startPythonDevice({ gateway: `ws://${pod.device}`, deviceId });

    expect(await device.child.exited).toEqual({ code: 1, signal: null });
    expect(device.said()).toBe(`refused: ${status}\n`);
  });

  it.each([
    ['as long as its pod asks for', 1012, '{"reconnectAfterMs":1500}', '1.5'],
    ['a time of its own when the hint is none', 1012, 'restart', 'None'],
    ['a time of its own when it was cut off', 1006, '', 'None'],
  ])('waits %s', async (_how, code, reason, wait) => {
    const { command, env } = await findPython();
    const script = `import device; print(device.wait_after_close(${code}, '${reason}'))`;

    const asked = new Child(command, ['-c', script], { env, cwd: pathOf('python') });

    expect(await asked.exited).toEqual({ code: 0, signal: null });
    expect(asked.lines).toEqual([wait]);
  });

  it('goes on trying while the pod is full', async () => {
    const pod = await runPod({ MAX_CONNECTIONS: '1' });
    const other = await runDevice(pod, 'lamp-2');
    const device = await startPythonDevice({ gateway: `ws://${pod.device}` });
    await until(() => device.said().includes('refused: 503'));

    await other.close();

    await connected(pod);
    expect(await until(() => device.said().endsWith('connected\n'))).toBe(true);
  });

  it('goes on trying while nobody is there', async () => {
    const port = await freePort();
    const device = await startPythonDevice({ gateway: `ws://127.0.0.1:${port}` });
    await until(() => device.said().includes('cannot connect'));

    const pod = await runPod({ DEVICE_PORT: String(port) });
    await connected(pod);

    expect(await until(() => device.said().endsWith('connected\n'))).toBe(true);
  });
});

describe('examples/browser/index.html', () => {
  it('stays away when it is told not to come back', async () => {
    const pod = await runPod();
    const page = await browser.newPage();
    let sockets = 0;
    page.on('websocket', () => (sockets += 1));
    const device = await startPageDevice(page, { gateway: `ws://${pod.device}` });
    await connected(pod);
    await page.clock.install(); // only now: what makes a page ready for a click needs its real clock

    await runDevice(pod, 'lamp-1');
    await until(async () => (await device.said()) === 'closed: 4509 superseded');
    await page.clock.fastForward(60_000);

    expect(await device.said()).toBe('closed: 4509 superseded');
    expect(sockets).toBe(1);
  });

  it('waits as long as its pod asks for', async () => {
    const pod = await runPod({ RECONNECT_SPREAD_MS: '1000', IDLE_AFTER_MS: '50', DRAIN_INTERVAL_MS: '100' });
    const page = await browser.newPage();
    await page.addInitScript({ content: writeDown });
    let sockets = 0;
    page.on('websocket', () => (sockets += 1));
    await startPageDevice(page, { gateway: `ws://${pod.device}` });
    await connected(pod);

    await ask(pod.admin, '/pre-stop');
    await until(() => sockets > 1);

    const { waits, states } = await page.evaluate<{ waits: number[]; states: string[] }>('({ waits, states })');
    expect(states).toContain(`closed: 1012 {"reconnectAfterMs":${waits[0]}}`);
  });

  it('says that it cannot connect', async () => {
    const pod = await runPod(jwtEnv);

    const device = await startPageDevice(await browser.newPage(), { gateway: `ws://${pod.device}` });

    expect(await until(async () => (await device.said()) !== 'not connected' && device.said())).toBe('closed: 1006');
  });
});

/** Waits until a device is registered there, and perhaps idle by the time it is looked at. */
function connected(pod: TestPod): Promise<unknown> {
  const count = (state: string) => metric(pod.admin, `ws_connect_connections{state="registered.${state}"}`);
  return until(async () => (await count('active')) || (await count('idle')));
}
