import { resolve } from 'node:path';
import { attacks } from './hostile/attacks.ts';
import type { Outcome } from './hostile/under-attack.ts';
import { underAttack } from './hostile/under-attack.ts';
import { canPin } from './pinned.ts';
import type { PartOptions, Section } from './section.ts';
import { wsConnect } from './servers/contenders.ts';
import { significant } from './statistics.ts';

const fullMs = 8000;
const quickMs = 1000;

/** What attackers do to a pod, and to a quiet device that is there at the same time. Each attack has a pod of its own, once. */
export async function hostile({
  log,
  quick,
  redis,
  pod,
  attacks: names = Object.keys(attacks),
}: PartOptions): Promise<Section> {
  const unknown = names.find((name) => !Object.hasOwn(attacks, name));
  if (unknown !== undefined)
    throw new Error(`--attacks ${unknown} is not allowed. Use ${Object.keys(attacks).join(', ')}`);
  const program = pod ? resolve(pod) : wsConnect.program;
  const skipped = names.filter((name) => attacks[name]!.needsRedis && !redis);
  const outcomes: Record<string, Outcome> = {};
  for (const name of names) {
    if (skipped.includes(name)) continue;
    outcomes[name] = await underAttack({ name, program, redis, attackMs: quick ? quickMs : fullMs });
    log(`${name}: ${JSON.stringify(outcomes[name])}`);
  }
  const witnessLagMs = Math.max(...Object.values(outcomes).map((one) => one.witnessLagMs));
  return {
    title: `Under attack: ${program}`,
    columns: ['attack', 'peak RSS MB', 'worst lag ms', 'worst callback ms', 'result of the attacker'],
    rows: Object.entries(outcomes).map(([name, outcome]) => [name, ...cells(outcome)]),
    notes: [
      ...Object.keys(outcomes).map((name) => `${name}: ${attacks[name]!.title}.`),
      'Lag is the event-loop lag of the pod, measured by a timer in its process. The callbacks go to a quiet device, one every 20 ms. All figures are from the beginning of the attack until the pod has recovered or ended.',
      canPin
        ? 'The pod has its own core. The attacker (one thread) and the quiet device share another core, so an attack on a larger machine can be stronger.'
        : 'The pod shares its cores with the attacker, so the times are less exact.',
      `The process of the quiet device was late by at most ${significant(witnessLagMs, 2)} ms.`,
      ...(skipped.length > 0 ? [`Not run, because --redis is missing: ${skipped.join(', ')}.`] : []),
    ],
    data: outcomes,
  };
}

function cells({ peakRssBytes, worstLagMs, worstCallbackMs, result }: Outcome): (number | string)[] {
  return [significant(peakRssBytes / 1e6), significant(worstLagMs), significant(worstCallbackMs), result];
}
