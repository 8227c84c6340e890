/** Runs one part in a process of its own, with an untouched heap, and sends its section to the parent. */
import { watchOthers } from './others.ts';
import { partNames, parts } from './parts.ts';
import type { PartOptions } from './section.ts';

/** What other processes may use without being worth a word, % of a core. */
const noticeable = 5;

const [name, settings] = process.argv.slice(2);
const known = partNames.find((one) => one === name);
if (!known) throw new Error(`no such part: ${name}`);

for (const end of ['SIGTERM', 'SIGINT', 'disconnect']) process.on(end, () => process.exit(1));
const othersSince = watchOthers();
const part = await parts[known].load();
const section = await part({
  ...(JSON.parse(settings ?? '{"rounds":1}') as Omit<PartOptions, 'log'>),
  log: (line) => void process.stderr.write(`  ${name}: ${line}\n`),
});
const others = Math.round(100 * othersSince());
if (others >= noticeable) {
  section.notes.push(`Other processes kept ${others} % of a core busy meanwhile: trust these figures less.`);
}
process.send!(section, () => process.exit(0));
