import { once } from 'node:events';
import { expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import type { WebSocketLike } from '@ws-connect/device-client';
import { dialsAreOut, recordSockets, runClient, simulate } from '../../support/device-client.ts';
import { ScriptedPod } from '../../support/scripted-pod.ts';

const pingIntervalMs = 20_000;
const tickMs = pingIntervalMs / 2;

/** A client connected to a pod that pings every 20 s, and its WebSockets. */
async function startConnected(wrap?: (socket: WebSocket) => WebSocketLike) {
  const pod = await ScriptedPod.start();
  const simulation = simulate();
  const { WebSocket, sockets } = recordSockets(wrap);
  const recorded = runClient(pod.url, { WebSocket }, simulation.surroundings).takeMessages();
  const side = await pod.next();
  side.welcome({ pingIntervalMs });
  await recorded.heard('connected');
  return { pod, recorded, side, sockets, ...simulation };
}

/** What a browser shows of a WebSocket: no pings, and no way to cut it. */
function asInBrowser(socket: WebSocket): WebSocketLike {
  return {
    get readyState() {
      return socket.readyState;
    },
    addEventListener: (type, listener) => socket.addEventListener(type as 'message', listener),
    send: (data) => socket.send(data),
    close: (code, reason) => socket.close(code, reason),
  };
}

function tick({ clock }: { clock: { increment(ms: number): void } }, count: number): void {
  for (let ticks = 0; ticks < count; ticks += 1) clock.increment(tickMs);
}

it('a pod that is silent for two and a half of its ping intervals is given up', async () => {
  const scene = await startConnected();

  tick(scene, 5);
  expect(scene.recorded.client.state).toBe('connected');
  tick(scene, 1);

  expect(await scene.recorded.heard('disconnected')).toMatchObject({ code: 1006, reason: 'silent', retryInMs: 500 });
  expect(await scene.side.closed).toMatchObject({ code: 1006 });
});

it.each(['ping', 'message'] as const)('a %s shows that the pod is there', async (sign) => {
  const scene = await startConnected();
  const { recorded, side, sockets } = scene;

  for (let round = 0; round < 3; round += 1) {
    tick(scene, 5);
    const came = once(sockets[0]!, sign);
    if (sign === 'ping') side.ping();
    else side.push(`m-${round}`);
    await came;
  }
  tick(scene, 5);

  expect(recorded.client.state).toBe('connected');
});

it('the silence is counted anew for a connection that takes over', async () => {
  const scene = await startConnected();
  tick(scene, 5);

  scene.recorded.client.renew();
  (await scene.pod.next()).welcome({ pingIntervalMs });
  await scene.recorded.heard('connected', 2);
  tick(scene, 5);

  expect(scene.recorded.client.state).toBe('connected');
});

it('where pings are not shown, as in a browser, silence means nothing', async () => {
  const scene = await startConnected(asInBrowser);

  tick(scene, 1000);
  await dialsAreOut();

  expect(scene.recorded.client.state).toBe('connected');
  expect(scene.sockets).toHaveLength(1);
});

it('a machine that has slept makes a new connection beside the old one, which may be dead', async () => {
  const scene = await startConnected(asInBrowser);

  scene.sleep(3_600_000);
  tick(scene, 1);
  scene.clock.increment(0);
  await scene.pod.greeted();
  await scene.recorded.heard('connected', 2);
  scene.clock.increment(500);

  expect(await scene.side.closed).toMatchObject({ code: 1000 });
  expect(scene.recorded.told('disconnected')).toEqual([]);
});

it('timers that come once a minute, as in hidden pages, are no sleep', async () => {
  const scene = await startConnected(asInBrowser);

  for (let minute = 0; minute < 10; minute += 1) {
    scene.sleep(60_000);
    tick(scene, 1);
    scene.clock.increment(0);
    await dialsAreOut();
  }

  expect(scene.sockets).toHaveLength(1);
});
