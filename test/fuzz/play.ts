import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import type { FuzzCase, Step, Target } from './fuzz-case.ts';

/** What the pod has said to one case. */
export interface Reply {
  received: Buffer;
  /** The pod has ended the connection properly, so that all it had to say has come. */
  isWhole: boolean;
}

/** When so long nothing has come the pod has said what it has to say, ms. What comes later counts for the oracles of the whole pod. */
const quietMs = 80;
/** What never ends, such as a stream of events, is left after this, ms. */
const patienceMs = 1000;

/** Plays a case on a connection of its own, and leaves. */
export async function play({ target, steps }: FuzzCase, ports: Record<Target, number>): Promise<Reply> {
  const socket = connect({ host: '127.0.0.1', port: ports[target], allowHalfOpen: true });
  const chunks: Buffer[] = [];
  let isWhole = false;
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => {}); // 'close' follows: the pod may cut who misbehaves
  socket.once('end', () => (isWhole = true));
  await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
  socket.setNoDelay(true);
  for (const step of steps) await take(socket, step);
  await untilQuiet(socket);
  socket.destroy();
  return { received: Buffer.concat(chunks), isWhole };
}

async function take(socket: Socket, step: Step): Promise<void> {
  if (socket.destroyed) return;
  if (step === 'end') socket.end();
  else if (step === 'reset') socket.resetAndDestroy();
  else if ('send' in step) socket.write(step.send);
  else await setTimeout(step.waitMs);
}

/** Resolves when the connection is over, when nothing has come for a while, or when too much has. */
function untilQuiet(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed || socket.readableEnded) return resolve();
    const quiet = globalThis.setTimeout(resolve, quietMs);
    const patience = globalThis.setTimeout(resolve, patienceMs);
    socket.on('data', () => quiet.refresh());
    const over = () => {
      clearTimeout(quiet);
      clearTimeout(patience);
      resolve();
    };
    socket.once('end', over).once('close', over);
  });
}
