import { quantile } from './quantile.ts';
import type { Flow, Overview } from './wire.ts';

/** What one overview says, as numbers by name: gauges as they are, counts per second since the overview before. */
export interface Point {
  /** ms since 1970, on the pod's clock. */
  at: number;
  values: ReadonlyMap<string, number>;
}

export interface FlowRate extends Flow {
  perSecond: number;
}

/** What it takes of an overview. */
type Seen = Omit<Overview, 'state' | 'isRegistryUp' | 'plan' | 'drain' | 'sweepsDone'>;

/** How long it remembers, ms. */
export const rememberedMs = 300_000;
/** What quantiles are taken over, in overviews. */
const quantileSpan = 10;
/** Over less than this no rate is taken, s: overviews come out of turn too, and what happened between two of them is little. */
const shortestSpan = 0.5;

/** What the page has seen of one pod in the last minutes. Another pod at the same address begins it anew, or the same one started again. */
export class History {
  readonly points: Point[] = [];
  /** How often connections take each of their transitions, of the latest second. */
  flows: FlowRate[] = [];
  /** The latest, the last one first. */
  #recent: Seen[] = [];

  add(overview: Seen): void {
    const [last] = this.#recent;
    if (last && !isLater(overview, last)) this.#forget();
    const before = this.#recent.find((earlier) => secondsBetween(earlier, overview) >= shortestSpan);
    this.flows = before ? flowRates(before, overview) : [];
    this.points.push({ at: Date.parse(overview.at), values: this.#values(overview, before) });
    this.#recent = [overview, ...this.#recent].slice(0, quantileSpan);
    const oldest = this.points.findIndex(({ at }) => at >= Date.parse(overview.at) - rememberedMs);
    this.points.splice(0, oldest);
  }

  /** Undefined: nothing is known of it yet. */
  latest(name: string): number | undefined {
    return this.points.at(-1)?.values.get(name);
  }

  #values(overview: Seen, before: Seen | undefined): Map<string, number> {
    const values = new Map([
      ['connections', overview.connections],
      ['unregistered', sumBelow(overview.states, 'connecting')],
      ['lag', overview.lagMs],
    ]);
    if (!before) return values;
    const seconds = secondsBetween(before, overview);
    const earlier = totals(before);
    for (const [name, total] of totals(overview)) values.set(name, (total - (earlier.get(name) ?? 0)) / seconds);
    for (const [name, q] of [
      ['p50', 0.5],
      ['p99', 0.99],
    ] as const) {
      const time = quantile(q, this.#recent.at(-1)!.callbackSeconds, overview.callbackSeconds);
      if (time !== undefined) values.set(name, time * 1000);
    }
    return values;
  }

  #forget(): void {
    this.points.length = 0;
    this.#recent = [];
  }
}

/** Of the same run of the same pod, whose clock was not set back meanwhile. */
function isLater(overview: Seen, last: Seen): boolean {
  return overview.podId === last.podId && overview.startedAt === last.startedAt && overview.at >= last.at;
}

function secondsBetween(before: Seen, now: Seen): number {
  return (Date.parse(now.at) - Date.parse(before.at)) / 1000;
}

/** All there is in this state and in those inside it. */
export function sumBelow(states: Record<string, number>, state: string): number {
  const inside = Object.entries(states).filter(([name]) => isWithin(name, state));
  return inside.reduce((sum, [, present]) => sum + present, 0);
}

/** Is this the state itself or one inside it? Everything is inside the empty one. */
export function isWithin(state: string, outer: string): boolean {
  return outer === '' || state === outer || state.startsWith(`${outer}.`);
}

/** Counts since the pod's start, `closes 4503 kicked` and so on, and the sum of each kind. */
export function totals({ connects, closes, callbacks }: Seen): Map<string, number> {
  const found = new Map<string, number>([
    ['connects', 0],
    ['closes', 0],
    ['callbacks', 0],
  ]);
  const add = (kind: string, label: string, count: number) => {
    found.set(`${kind} ${label}`, count);
    found.set(kind, found.get(kind)! + count);
  };
  for (const { result, count } of connects) add('connects', result, count);
  for (const { code, reason, count } of closes) add('closes', `${code} ${reason}`, count);
  for (const { outcome, count } of callbacks) add('callbacks', outcome, count);
  return found;
}

function flowRates(before: Seen, now: Seen): FlowRate[] {
  const key = ({ from, event, to }: Flow) => `${from} ${event} ${to}`;
  const seconds = secondsBetween(before, now);
  const earlier = new Map(before.flows.map((flow) => [key(flow), flow.count]));
  return now.flows.map((flow) => ({ ...flow, perSecond: (flow.count - (earlier.get(key(flow)) ?? 0)) / seconds }));
}
