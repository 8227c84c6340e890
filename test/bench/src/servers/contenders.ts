import { fileURLToPath } from 'node:url';
import type { Wire } from '../load/wire.ts';
import { plainWire, socketIoWire } from '../load/wire.ts';

/** A server under test. */
export interface Contender {
  name: string;
  /** What plain `node` runs. */
  program: string;
  /** What its devices speak. */
  wire: Wire;
}

const pathOf = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

/** The built product itself. */
export const wsConnect: Contender = {
  name: 'ws-connect',
  program: pathOf('../../../../dist/src/main.js'),
  wire: plainWire,
};
export const byHand: Contender = { name: 'by-hand', program: pathOf('by-hand.js'), wire: plainWire };
const floor: Contender = { name: 'floor', program: pathOf('floor.js'), wire: plainWire };
const socketIo: Contender = { name: 'socket.io', program: pathOf('socket-io.js'), wire: socketIoWire };

/** In the order in which every round takes them; with `before`, that program of another checkout instead of the other kinds. */
export function contenders(before?: string): Contender[] {
  if (!before) return [wsConnect, byHand, floor, socketIo];
  return [wsConnect, { ...wsConnect, name: 'before', program: before }, byHand];
}
