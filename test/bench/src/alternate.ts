import type { PartOptions } from './section.ts';
import type { Contender } from './servers/contenders.ts';
import { byHand, contenders } from './servers/contenders.ts';
import { median, medianRatio, significant } from './statistics.ts';

/** What was measured of each server, by its name, in order of rounds. */
export type Rounds<T> = Record<string, T[]>;

/** Measures all servers in turn, A B C D A B C D, so that what slows the machine for a while hits them all. */
export async function alternate<T>(
  { rounds, log, before }: PartOptions,
  measure: (contender: Contender) => Promise<T>,
): Promise<Rounds<T>> {
  const servers = contenders(before);
  const results: Rounds<T> = Object.fromEntries(servers.map(({ name }) => [name, []]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const contender of servers) {
      const result = await measure(contender);
      results[contender.name]!.push(result);
      log(`round ${round} of ${rounds}, ${contender.name}: ${JSON.stringify(result)}`);
    }
  }
  return results;
}

/** For every server a pair of cells a figure: its median, and the median of its ratios to by-hand within each round. */
export function compare<T>(results: Rounds<T>, figures: ((result: T) => number)[]): (string | number)[][] {
  return Object.entries(results).map(([name, rounds]) => [
    name,
    ...figures.flatMap((figure) => {
      const own = rounds.map(figure);
      return [significant(median(own)), significant(medianRatio(own, results[byHand.name]!.map(figure)))];
    }),
  ]);
}
