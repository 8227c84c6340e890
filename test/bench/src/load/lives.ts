import type { ServerProcess } from '../server-process.ts';
import { pause, within } from '../within.ts';
import { LoadDevice } from './device.ts';
import { plainWire } from './wire.ts';

/** Under way at once. */
const concurrency = 50;
const livesMs = 60_000;
const endsMs = 5000;

/** Lets so many devices, `life-0` and so on, connect and hang up as soon as they are connected. Resolves once the pod has `remaining` connections again. */
export async function playLives(server: ServerProcess, count: number, remaining: number): Promise<void> {
  let begun = 0;
  const lane = async () => {
    while (begun < count) {
      begun += 1;
      await playLife(server, `life-${begun - 1}`);
    }
  };
  await within(livesMs, `${count} lives`, Promise.all(Array.from({ length: concurrency }, lane)));
  await within(endsMs, 'the end of all lives', sizeOf(server, remaining));
}

function playLife({ ports }: ServerProcess, deviceId: string): Promise<void> {
  return new Promise((resolve) => {
    const device: LoadDevice = new LoadDevice({
      port: ports.devicePort,
      deviceId,
      wire: plainWire,
      onPush: () => {
        throw new Error(`${deviceId} got a push that nobody has sent`);
      },
      onClose: () => resolve(),
      onConnected: () => device.destroy(),
    });
  });
}

async function sizeOf({ ports }: ServerProcess, size: number): Promise<void> {
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${ports.adminPort}/connections?limit=1`);
    const { total } = (await answer.json()) as { total: number };
    if (total === size) return;
    await pause(20);
  }
}
