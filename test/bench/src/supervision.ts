/**
 * What supervising a connection costs: ours (actor logic of its own) beside the stock way (`spawnChild` under a machine).
 *
 * Each population of actors lives in a process of its own, so that the garbage of one is not collected on the time of
 * another, and keeps its size: a round gives birth to a few more and plays their lives to the end. CPU time, not wall time.
 */
import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Built, Round, Way } from './population-types.ts';
import { buildForMs } from './population-types.ts';
import type { PartOptions, Section } from './section.ts';
import { median, medianRatio, significant } from './statistics.ts';

const plans: { way: Way; size: number }[] = [
  { way: 'ours', size: 1000 },
  { way: 'stock', size: 1000 },
  { way: 'ours', size: 10_000 },
  { way: 'stock', size: 10_000 },
  { way: 'ours', size: 100_000 },
];

const populationProgram = fileURLToPath(new URL('population.js', import.meta.url));

/** A population in its process, and what was measured of it. */
class Population {
  readonly way: Way;
  readonly rounds: Round[] = [];
  built: Built = { size: 0, buildMs: 0, heapBytes: 0 };
  readonly #process: ChildProcess;

  constructor(way: Way, size: number) {
    this.way = way;
    this.#process = fork(populationProgram, [way, String(size)], { execArgv: ['--expose-gc'] });
  }

  async begin(): Promise<void> {
    this.built = await this.#answer<Built>();
  }

  async measure(): Promise<void> {
    this.#process.send('measure');
    this.rounds.push(await this.#answer<Round>());
  }

  end(): void {
    this.#process.kill();
  }

  values(figure: keyof Round): number[] {
    return this.rounds.map((round) => round[figure]);
  }

  async #answer<T>(): Promise<T> {
    const died = new AbortController();
    const onExit = () => died.abort(new Error(`the process with ${this.way} supervision died`));
    this.#process.once('exit', onExit);
    const [answer] = (await once(this.#process, 'message', { signal: died.signal })) as [T];
    this.#process.off('exit', onExit);
    return answer;
  }
}

async function measureAll(populations: Population[], { rounds, log, quick }: PartOptions): Promise<void> {
  for (const { way, size } of plans) {
    const population = new Population(way, quick ? size / 10 : size);
    populations.push(population);
    await population.begin();
    log(`${way} with ${population.built.size} of ${size} built`);
  }
  for (let round = 1; round <= rounds; round += 1) {
    for (const population of populations) await population.measure();
    log(`round ${round} of ${rounds}`);
  }
}

function row(population: Population): (string | number)[] {
  const { way, built } = population;
  const figures = (['birth', 'death', 'lookActive', 'lookIdle'] as const).map((figure) =>
    significant(median(population.values(figure))),
  );
  return [way, built.size, ...figures, Math.round(built.heapBytes), significant(built.buildMs / 1000)];
}

/** "births 1.1, deaths 0.9": medians of the ratios within the rounds. */
function ratios(of: Population, to: Population): string {
  const ratio = (figure: keyof Round) => significant(medianRatio(of.values(figure), to.values(figure)));
  return `births ${ratio('birth')}, deaths ${ratio('death')}`;
}

/** Takes the populations in the order of the plans. */
function notes(populations: Population[]): string[] {
  const [ours1k, , ours10k, stock10k, ours100k] = populations as [
    Population,
    Population,
    Population,
    Population,
    Population,
  ];
  const [small, middle, stock, large] = [ours1k, ours10k, stock10k, ours100k].map(({ built }) => built.size);
  return [
    `ours at ${large} : ours at ${small} = ${ratios(ours100k, ours1k)} (to reach: at most 1.3)`,
    `stock at ${stock} : ours at ${middle} = ${ratios(stock10k, ours10k)} (to reach: at least 50)`,
    ...(stock === middle ? [] : [`the stock way was given up after ${buildForMs / 1000} s with ${stock} built`]),
    'CPU time, one process a row; a birth lasts until the state registered, a death from the close to the end of the actor',
  ];
}

export async function supervision(options: PartOptions): Promise<Section> {
  const populations: Population[] = [];
  try {
    await measureAll(populations, options);
  } finally {
    for (const population of populations) population.end();
  }
  return {
    title: 'Supervision',
    columns: [
      'supervisor',
      'connections',
      'birth, µs',
      'death, µs',
      'look, µs',
      'look at idle, µs',
      'heap per connection, B',
      'built in, s',
    ],
    rows: populations.map(row),
    notes: notes(populations),
    data: populations.map(({ way, built, rounds }) => ({ way, ...built, rounds })),
  };
}
