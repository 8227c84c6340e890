import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { connectionMachine } from '../../machines/connection.ts';
import { Child } from '../support/child.ts';
import { useChromium } from '../support/chromium.ts';
import type { Device } from '../support/device.ts';
import { pathOf } from '../support/examples/services.ts';
import type { Told } from '../support/examples/stately.ts';
import { actorsIn, byActor, chartIn, eventsIn, openInspector, stateIn, stepsIn } from '../support/examples/stately.ts';
import { freePort } from '../support/free-port.ts';
import type { TestPod } from '../support/pod.ts';
import { program } from '../support/process.ts';
import { runDevice, runPod } from '../support/running.ts';
import { until } from '../support/until.ts';

const browser = useChromium();
const chart = JSON.parse(JSON.stringify(connectionMachine.config));
const beginning = [
  ['xstate.init', { connecting: 'registering' }],
  ['registry.registered', { registered: 'active' }],
  ['connection.idle', { registered: 'idle' }],
];
const end = [
  ['registry.unregistered', { closing: 'disconnecting' }],
  ['socket.closed', 'unregistered'],
];

it("examples/stately/test-pod.mjs shows Stately's inspector a life, a step for each Enter", async () => {
  const example = new Child(process.execPath, [pathOf('stately/test-pod.mjs'), String(await freePort())]);
  const told = await openInspector(await browser.newPage(), example);

  example.write('\n');
  await until(() => stepsIn(told).length === 2);
  example.write('\n\n\n\n');
  await until(() => stepsIn(told).length === 8);
  await until(() => example.lines.length > 5); // they come by another way, and may come later

  const steps = stepsIn(told);
  expect(chartIn(told)).toMatchObject(chart);
  expect(steps).toEqual([
    ...beginning,
    ['connection.active', { registered: 'active' }],
    ['connection.idle', { registered: 'idle' }],
    ['peer.silent', { closing: 'unregistering' }],
    ...end,
  ]);
  expect(eventsIn(told)).toEqual(steps.map(([event]) => event));
  expect(actorsIn(told)).toEqual([told[0]!.sessionId]);
  expect(example.lines.slice(1)).toEqual([
    'lamp-1 connects: registered.active',
    'lamp-1 says nothing for three seconds: registered.idle',
    'lamp-1 sends a message: registered.active',
    'lamp-1 goes out of reach: registered.active',
    'lamp-1 is not heard of for a minute: unregistered',
  ]);
});

describe("examples/stately/follow.mjs shows Stately's inspector", () => {
  it('a connection of a running pod from where it stands', async () => {
    const { device, told } = await followLamp();

    await device.close();
    await until(() => stateIn(told.at(-1)) === 'unregistered');

    const steps = stepsIn(told);
    expect(chartIn(told)).toMatchObject(chart);
    expect(stateIn(told[0])).toEqual({ registered: steps[0]![0] === 'connection.idle' ? 'active' : 'idle' });
    expect(steps.slice(-3)).toEqual([['socket.closed', { closing: 'unregistering' }], ...end]);
    expect(byActor(told)).toHaveLength(1);
  });

  it('the next connection of the device from its beginning to its end', async () => {
    const { pod, device, told } = await followLamp();
    await device.close();
    const next = await runDevice(pod, 'lamp-1');
    await until(() => stepsIn(byActor(told)[1] ?? []).length === beginning.length);

    await next.close();
    await until(() => stateIn(told.at(-1)) === 'unregistered');

    const [, life] = byActor(told) as [Told, Told];
    const steps = stepsIn(life);
    expect(chartIn(life)).toMatchObject(chart);
    expect(stateIn(life[0])).toEqual({ connecting: 'registering' });
    expect(steps).toEqual([...beginning, ['socket.closed', { closing: 'unregistering' }], ...end]);
    expect(eventsIn(life)).toEqual(steps.map(([event]) => event));
    expect(life).toHaveLength(1 + 2 * steps.length);
    expect(life.at(-1)).toMatchObject({
      snapshot: { status: 'done', context: { deviceId: 'lamp-1', reason: 'peer' } },
    });
    expect(life.at(-3)).toMatchObject({ snapshot: { status: 'active' } });
  });
});

it.each(['test-pod.mjs', 'follow.mjs'])('examples/stately/%s ends when its port is taken', async (name) => {
  const server = createServer().listen();
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;

  const example = new Child(process.execPath, [pathOf(`stately/${name}`), String(port)]);

  expect(await example.exited).toEqual({ code: 1, signal: null });
  expect(example.stderr).toContain('EADDRINUSE');
});

/** A device, and what the inspector is told of it by now: at least a step. */
async function followLamp(): Promise<{ pod: TestPod; device: Device; told: Told }> {
  const pod = await runPod({ IDLE_AFTER_MS: '50' });
  const device = await runDevice(pod, 'lamp-1');
  const [node, example] = [process.execPath, pathOf('stately/follow.mjs')];
  const pipe = `${node} ${program} follow lamp-1 --admin ${pod.admin} | ${node} ${example} ${await freePort()}`;
  const told = await openInspector(await browser.newPage(), new Child('sh', ['-c', pipe], { ownGroup: true }));
  const talk = setInterval(() => device.send('.'), 200); // what it does before it is followed nobody is told
  onTestFinished(() => clearInterval(talk));
  await until(() => stepsIn(told).length > 0);
  clearInterval(talk);
  return { pod, device, told };
}
