/**
 * The long form of the fault runs:
 *
 *   npm run test:faults -- --seed N --minutes M [--mode single|sentinel|cluster] [--devices N] [--pods N] [--without NAME]
 *
 * Runs every mode unless told one, each for its share of the time, one after the other. Exits with 1 when a promise was
 * broken; the history is kept then. `--without` switches one of the program's protections off (see protections.ts): then a
 * promise has to be broken.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { reportText } from './checker.ts';
import type { Mode } from './driver/registry-stage.ts';
import { modes } from './driver/registry-stage.ts';
import { programWithout, protections, wholeProgram } from './protections.ts';
import { brokenText, isBroken, tableText } from './report-table.ts';
import type { RunResult } from './run.ts';
import { judge, perform } from './run.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '5' },
    mode: { type: 'string' },
    devices: { type: 'string', default: '1500' },
    pods: { type: 'string', default: '4' },
    without: { type: 'string' },
  },
});
const minuteMs = 60_000;
const chosen: readonly Mode[] = values.mode === undefined ? modes : modes.filter((mode) => mode === values.mode);
if (chosen.length === 0) throw new Error(`--mode ${values.mode} is not allowed. Use ${modes.join(', ')}`);
const without = protections.find((each) => each === values.without);
if (!without && values.without !== undefined)
  throw new Error(`--without ${values.without} is not allowed. Use ${protections.join(', ')}`);
const program = without ? programWithout(without) : wholeProgram;
const tell = (sentence: string) => process.stdout.write(`${sentence}\n`);

async function play(mode: Mode): Promise<RunResult> {
  const folder = mkdtempSync(join(tmpdir(), 'ws-connect-faults-'));
  const path = join(folder, 'history.jsonl');
  tell(`${mode}, seed ${values.seed}; the history: ${path}`);
  const endsAt = performance.now() + (Number(values.minutes) * minuteMs) / chosen.length;
  const performed = await perform({
    mode,
    program,
    seed: Number(values.seed),
    leaseTtlMs: Number(values.seed) % 2 === 0 ? 18_000 : 3000,
    pods: Number(values.pods),
    devices: Number(values.devices),
    callbacksPerSecond: 400,
    alone: 0.5,
    goesOn: (rounds) => rounds === 0 || performance.now() < endsAt,
    path,
    net: 100 + modes.indexOf(mode),
    tell,
  });
  const result = await judge(performed);
  tell(reportText(result.report));
  if (isBroken(result)) tell(`BROKEN; the history is kept: ${path}`);
  else rmSync(folder, { recursive: true });
  return result;
}

const results: RunResult[] = [];
for (const mode of chosen) results.push(await play(mode));
if (without) tell(`without ${without}: ${brokenText(results)}`);
tell(tableText(results));
process.exit(results.some((result) => isBroken(result)) ? 1 : 0);
