/** `npm run bench`: runs the parts one after the other, prints their tables and writes everything as JSON. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Arguments } from './arguments.ts';
import { helpText, parseArguments } from './arguments.ts';
import type { PartName } from './parts.ts';
import { parts } from './parts.ts';
import { canPin, loadCore, pinned } from './pinned.ts';
import { requireSameVersions } from './same-versions.ts';
import type { Section } from './section.ts';
import { printable } from './table.ts';
import { within } from './within.ts';

const children = new Set<ChildProcess>();
process.on('exit', () => children.forEach((child) => child.kill('SIGTERM'))); // it ends its own children then
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));

const runPart = fileURLToPath(new URL('run-part.js', import.meta.url));

/** How long a part should take, ms. */
function expectedMs(name: PartName, { rounds, quick }: Arguments): number {
  const { once: first, round } = parts[name].seconds;
  return (first + rounds * round) * (quick ? 300 : 1000);
}

/** Rejects when the part fails, or takes more than three times what it should and a minute. */
async function run(name: PartName, settings: Arguments): Promise<Section> {
  const [command, args] = pinned(loadCore, [runPart, name, JSON.stringify(settings)]);
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  children.add(child);
  let section: Section | undefined;
  child.on('message', (message) => {
    section = message as Section;
  });
  const limitMs = 3 * expectedMs(name, settings) + 60_000;
  const [code] = (await within(limitMs, name, once(child, 'exit'))) as [number | null];
  children.delete(child);
  if (code !== 0 || !section) throw new Error(`${name} failed with exit code ${code}`);
  return section;
}

async function main(): Promise<void> {
  const settings = parseArguments(process.argv.slice(2));
  if (settings.help) {
    process.stdout.write(helpText());
    return;
  }
  requireSameVersions();
  const minutes = settings.only.reduce((sum, name) => sum + expectedMs(name, settings), 0) / 60_000;
  const machine = { node: process.version, cpu: cpus()[0]?.model, cores: cpus().length, pinned: canPin };
  process.stderr.write(`${settings.only.join(', ')}: about ${Math.ceil(minutes)} min on ${JSON.stringify(machine)}\n`);
  const sections: Record<string, Section> = {};
  for (const name of settings.only) {
    const section = await run(name, settings);
    sections[name] = section;
    process.stdout.write(`\n${printable(section)}`);
    writeFileSync(settings.json, `${JSON.stringify({ at: new Date(), machine, settings, sections }, null, 2)}\n`);
  }
}

await main().catch((error: unknown) => {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
