/**
 * What the deadlines of all connections cost, in CPU of the clockwork alone: a look at one number of every connection,
 * the same with the numbers side by side in one table, and a timing wheel. Pod time is stepped tick by tick, so a
 * minute of it takes as long as its work; within a tick the clock runs on, so that slices are real.
 */
import type { Clock } from '../../../dist/src/base/clock.js';
import type { Deadlines } from '../../../dist/src/connections/deadlines.js';
import { createRefreshSpread, nextDeadline } from '../../../dist/src/connections/deadlines.js';
import type { Clockwork } from './clockworks.ts';
import { Entry, ProductWheel, Scan, Table } from './clockworks.ts';
import type { PartOptions, Section } from './section.ts';
import { median, quantile, significant } from './statistics.ts';
import { SteppedClock } from './stepped-clock.ts';

const allSizes = [1000, 10_000, 100_000];
/** Pod time that passes before and while the clockwork is measured, ms. */
const settleMs = 5000;
const measuredMs = 20_000;
const rearms = 500_000;

/** The product's defaults. */
const settings = { idleAfterMs: 3000, pongTimeoutMs: 60_000, pingIntervalMs: 25_000, refreshMs: 20_000 };
/** One device in ten has data every second and so is never idle, the others every half minute. */
const chattyShare = 0.1;
const chattyEveryMs = 1000;
const quietEveryMs = 30_000;
/** What else a connection keeps on the heap and lies between two of them there, as numbers of 8 bytes. */
const ballast = 300;

/** The deadlines of a device socket without the socket. */
class Connection extends Entry implements Deadlines {
  lastDataAt: number;
  lastSeenAt: number;
  pingAt: number;
  refreshAt: number;
  tokenExpiresAt = Infinity;
  overdueAt = Infinity;
  slowAt = Infinity;
  looks = 0;
  readonly ballast = Array.from({ length: ballast }, () => 0);
  #active = true;
  readonly #clockwork: Clockwork;

  constructor(keeper: Clockwork, connectedAt: number, refreshAt: number) {
    super();
    this.#clockwork = keeper;
    this.lastDataAt = connectedAt;
    this.lastSeenAt = connectedAt;
    this.pingAt = connectedAt + settings.pingIntervalMs;
    this.refreshAt = refreshAt;
    keeper.add(this);
  }

  noteData(now: number): void {
    this.lastDataAt = now;
    this.lastSeenAt = now;
    if (!this.#active) this.#become(true);
  }

  onDue(now: number): number {
    this.looks += 1;
    if (this.#active && now >= this.lastDataAt + settings.idleAfterMs) this.#become(false);
    if (now >= this.pingAt) {
      this.pingAt = now + settings.pingIntervalMs;
      this.lastSeenAt = now; // the pong
    }
    if (now >= this.refreshAt) {
      this.refreshAt += settings.refreshMs;
      this.#clockwork.arm(this, 0); // the registry's answer
    }
    return nextDeadline(this, this.#active, settings);
  }

  #become(active: boolean): void {
    this.#active = active;
    this.#clockwork.arm(this, 0);
  }
}

interface Contender {
  name: string;
  tickMs: number;
  begin: (clock: Clock, size: number) => Clockwork;
}

const contenders: Contender[] = [
  ...[50, 100, 250].map((tickMs) => ({ name: 'scan', tickMs, begin: () => new Scan() })),
  { name: 'table', tickMs: 50, begin: (_, size) => new Table(size) },
  { name: 'wheel', tickMs: 50, begin: (clock) => new ProductWheel(clock) },
];

interface Figures {
  /** Of one core. */
  cpuPercent: number;
  /** How long the event loop was held in one go. */
  worstSliceMs: number;
  p99SliceMs: number;
  rearmNs: number;
  looksPerSecond: number;
}

/** Spreads over 0 to 1 what has an index, in no order. */
function phase(index: number, size: number): number {
  return ((index * 7919) % size) / size;
}

function connect(keeper: Clockwork, size: number): Connection[] {
  const refreshAt = createRefreshSpread(settings.refreshMs);
  return Array.from({ length: size }, (_, index) => {
    return new Connection(keeper, -settings.pingIntervalMs * phase(index, size), refreshAt(0));
  });
}

/** Returns a function that hands in the data of the time since it was called last. */
function traffic(connections: Connection[], everyMs: number): (now: number) => void {
  let handedIn = 0;
  return (now) => {
    const due = Math.floor((now * connections.length) / everyMs);
    for (; handedIn < due; handedIn += 1) connections[handedIn % connections.length]!.noteData(now);
  };
}

function timeRearms(keeper: Clockwork, connections: Connection[]): number {
  const size = connections.length;
  const startedAt = performance.now();
  for (let count = 0; count < rearms; count += 1) {
    keeper.arm(connections[(count * 7919) % size]!, settleMs + measuredMs + 3000 + (count % 1024));
  }
  return ((performance.now() - startedAt) * 1e6) / rearms;
}

function countLooks(connections: Connection[]): number {
  return connections.reduce((sum, { looks }) => sum + looks, 0);
}

async function measure({ tickMs, begin }: Contender, size: number): Promise<Figures> {
  const clock = new SteppedClock();
  const keeper = begin(clock, size);
  const connections = connect(keeper, size);
  const chatty = traffic(connections.slice(0, size * chattyShare), chattyEveryMs);
  const quiet = traffic(connections.slice(size * chattyShare), quietEveryMs);
  const stop = keeper.start(clock, tickMs);
  let cpuUs = 0;
  const slicesMs: number[] = [];
  let looksBefore = 0;
  for (let now = tickMs; now <= settleMs + measuredMs; now += tickMs) {
    chatty(now);
    quiet(now);
    const before = process.cpuUsage();
    const sliceMs = await clock.step(tickMs);
    const { user, system } = process.cpuUsage(before);
    if (now === settleMs) looksBefore = countLooks(connections);
    if (now <= settleMs) continue;
    cpuUs += user + system;
    slicesMs.push(sliceMs);
  }
  stop();
  return {
    cpuPercent: cpuUs / 10 / measuredMs,
    worstSliceMs: Math.max(...slicesMs),
    p99SliceMs: quantile(slicesMs, 0.99),
    looksPerSecond: (countLooks(connections) - looksBefore) / (measuredMs / 1000),
    rearmNs: timeRearms(keeper, connections),
  };
}

export async function clockwork({ rounds, log, quick }: PartOptions): Promise<Section> {
  const sizes = quick ? allSizes.slice(0, 1) : allSizes;
  const measured = sizes.flatMap((size) =>
    contenders.map((contender) => ({ contender, size, rounds: [] as Figures[] })),
  );
  for (let round = 1; round <= rounds; round += 1) {
    for (const { contender, size, rounds: figures } of measured) figures.push(await measure(contender, size));
    log(`round ${round} of ${rounds}`);
  }
  const middle = (figures: Figures[], figure: keyof Figures) => significant(median(figures.map((one) => one[figure])));
  return {
    title: 'Clockwork',
    columns: [
      'clockwork',
      'tick, ms',
      'connections',
      'CPU, % of a core',
      'slice p99, ms',
      'worst slice, ms',
      're-arm, ns',
      'looks per s',
    ],
    rows: measured.map(({ contender: { name, tickMs }, size, rounds: figures }) => [
      name,
      tickMs,
      size,
      middle(figures, 'cpuPercent'),
      middle(figures, 'p99SliceMs'),
      middle(figures, 'worstSliceMs'),
      middle(figures, 'rearmNs'),
      middle(figures, 'looksPerSecond'),
    ]),
    notes: [
      'CPU of the clockwork and the looks; a slice also holds what else the machine and the garbage collector did meanwhile',
      'scan: a number on every connection; table: the same numbers side by side; wheel: the one of the product, a set of connections for each tick',
      `load: 1 device in ${1 / chattyShare} with data every ${chattyEveryMs} ms, the others every ${quietEveryMs} ms; idle after ${settings.idleAfterMs} ms, ping every ${settings.pingIntervalMs} ms, refresh every ${settings.refreshMs} ms`,
    ],
    data: measured.map(({ contender: { name, tickMs }, ...rest }) => ({ name, tickMs, ...rest })),
  };
}
