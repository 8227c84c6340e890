/** A process that holds a population of connection actors and measures what becomes of it when it is told to. */
import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { createActor, createEmptyActor, setup, spawnChild, stopChild } from 'xstate';
import { connectionMachine } from '../../../dist/machines/connection.js';
import type { ConnectionActor, SupervisedConnection } from '../../../dist/machines/connections.js';
import { connectionsLogic } from '../../../dist/machines/connections.js';
import { closedByPeer, kicked } from '../../../dist/machines/disconnect.js';
import type { Built, Lives, Round, Way } from './population-types.ts';
import { buildForMs } from './population-types.ts';

/** Lives come in bursts of so many; a round counts so many bursts, after one or more that only warm up. */
const livesPerBurst: Record<Way, number> = { ours: 500, stock: 100 };
const burstsPerRound: Record<Way, number> = { ours: 20, stock: 2 };
const burstsBefore: Record<Way, number> = { ours: 4, stock: 1 };
const looksPerRound = 500_000;
const settled = Promise.resolve();

/** A socket and a registry that answer at once, as the memory registry does. */
class MemorySocket implements SupervisedConnection {
  readonly traceId = randomUUID();
  actor: ConnectionActor | undefined;
  lastDataAt = 0;
  isOver = false;

  register(): void {
    void settled.then(() => this.actor!.send({ type: 'registry.registered' }));
  }

  welcome(): void {}

  askToLeave(): void {}
  settleAcks(): void {}

  unregister(): void {
    void settled.then(() => this.actor!.send({ type: 'registry.unregistered' }));
  }

  closeSocket(): void {
    void settled.then(() => this.actor!.send({ type: 'socket.closed', disconnect: closedByPeer(1000) }));
  }

  terminateSocket(): void {}

  ended(): void {
    this.isOver = true;
  }

  crashed(error: unknown): void {
    throw error;
  }
}

interface Supervisor {
  open(socket: MemorySocket): void;
  size(): number;
}

function superviseOurs(): Supervisor {
  const actor = createActor(connectionsLogic, { input: { parent: createEmptyActor() } }).start();
  return {
    open: (connection) => actor.send({ type: 'open', connection }),
    size: () => actor.getSnapshot().children.size,
  };
}

interface OpenEvent {
  type: 'open';
  connection: MemorySocket;
}

const stockMachine = setup({
  types: {
    events: {} as OpenEvent | { type: `xstate.done.actor.${string}`; actorId: string },
  },
  actors: { connection: connectionMachine },
}).createMachine({
  on: {
    open: {
      actions: spawnChild('connection', {
        id: ({ event }) => event.connection.traceId,
        input: ({ event }) => ({ effects: (event as OpenEvent).connection }),
      }),
    },
    'xstate.done.actor.*': { actions: stopChild(({ event }) => event.actorId) },
  },
});

function superviseStock(): Supervisor {
  const actor = createActor(stockMachine).start();
  return {
    open(connection) {
      actor.send({ type: 'open', connection });
      connection.actor = actor.getSnapshot().children[connection.traceId] as ConnectionActor;
    },
    size: () => Object.keys(actor.getSnapshot().children).length,
  };
}

/** CPU that `run` takes, µs for each of `count`. */
async function cpuEach(count: number, run: () => void): Promise<number> {
  const before = process.cpuUsage();
  run();
  await setImmediate(); // the answers of the sockets
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count;
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function newSockets(count: number): MemorySocket[] {
  return Array.from({ length: count }, () => new MemorySocket());
}

async function playLives(supervisor: Supervisor, count: number): Promise<Lives> {
  const size = supervisor.size();
  const sockets = newSockets(count);
  const birth = await cpuEach(count, () => sockets.forEach((socket) => supervisor.open(socket)));
  if (!sockets.every(({ actor }) => actor!.getSnapshot().hasTag('active'))) throw new Error('not all were registered');
  const death = await cpuEach(count, () => {
    for (const { actor } of sockets) actor!.send({ type: 'close', disconnect: kicked });
  });
  if (!sockets.every(({ isOver }) => isOver) || supervisor.size() !== size) throw new Error('not all lives ended');
  return { birth, death };
}

async function playBursts(supervisor: Supervisor, way: Way): Promise<Lives> {
  const counted: Lives[] = [];
  for (let burst = -burstsBefore[way]; burst < burstsPerRound[way]; burst += 1) {
    const lives = await playLives(supervisor, livesPerBurst[way]);
    if (burst >= 0) counted.push(lives);
  }
  return { birth: mean(counted.map(({ birth }) => birth)), death: mean(counted.map(({ death }) => death)) };
}

/** What a drain asks of every connection before it picks whom to close. Returns how many it could pick. */
function countIdle(sockets: ReadonlySet<MemorySocket>, idleSince: number): number {
  let idle = 0;
  for (const socket of sockets) {
    if (socket.lastDataAt <= idleSince && socket.actor!.getSnapshot().hasTag('open')) idle += 1;
  }
  return idle;
}

async function lookAtAll(sockets: ReadonlySet<MemorySocket>, idleSince: number): Promise<number> {
  const times = Math.ceil(looksPerRound / sockets.size);
  let idle = 0;
  const each = await cpuEach(times * sockets.size, () => {
    for (let time = 0; time < times; time += 1) idle += countIdle(sockets, idleSince);
  });
  if (idle !== (idleSince < 0 ? 0 : times * sockets.size)) throw new Error(`a look found ${idle} idle`);
  return each;
}

function collectGarbage(): number {
  globalThis.gc!();
  return process.memoryUsage().heapUsed;
}

/** Brings up to `size` sockets to life. Returns those that are. */
async function build(supervisor: Supervisor, size: number): Promise<Built & { sockets: Set<MemorySocket> }> {
  const waiting = newSockets(size);
  const sockets = new Set(waiting);
  const heapBefore = collectGarbage();
  const startedAt = performance.now();
  let built = 0;
  while (built < size && performance.now() - startedAt < buildForMs) {
    for (const socket of waiting.slice(built, built + 100)) supervisor.open(socket);
    await setImmediate();
    built += 100;
  }
  const buildMs = performance.now() - startedAt;
  const heapBytes = (collectGarbage() - heapBefore) / built;
  for (const socket of waiting.slice(built)) sockets.delete(socket);
  return { size: built, buildMs, heapBytes, sockets };
}

/** The life of a process that holds a population: builds it, then measures a round whenever it is told to. */
async function holdPopulation(way: Way, size: number): Promise<void> {
  process.on('disconnect', () => process.exit(1)); // nobody is left to hear of it
  const supervisor = way === 'ours' ? superviseOurs() : superviseStock();
  const { sockets, ...built } = await build(supervisor, size);
  const round = async (): Promise<Round> => ({
    ...(await playBursts(supervisor, way)),
    lookActive: await lookAtAll(sockets, -1),
    lookIdle: await lookAtAll(sockets, 0),
  });
  await round(); // compiles the code
  process.send!(built);
  process.on('message', async () => process.send!(await round()));
}

const [way, size] = process.argv.slice(2);
await holdPopulation(way as Way, Number(size));
