import { constants } from 'node:os';
import { systemClock } from '../base/clock.ts';
import { TcpBalancer } from './balancer.ts';
import { rehearseHelpText } from './help.ts';
import type { RehearseOptions } from './options.ts';
import { parseRehearseOptions } from './options.ts';
import { rehearse } from './rehearse.ts';
import { reportText } from './report-text.ts';
import type { Report } from './report.ts';
import type { Setting } from './stage.ts';
import { judge } from './verdict.ts';

/** Another program to run as a pod, or another balancer, than the ones there are. */
type Replacement = Partial<Pick<Setting, 'program' | 'openBalancer'>>;

/** `ws-connect rehearse`: the report goes to stdout, progress to stderr. Returns the exit code. */
export async function runRehearsal(args: string[], replacement: Replacement = {}): Promise<number> {
  const options = parseRehearseOptions(args);
  if (options.help) {
    process.stdout.write(rehearseHelpText());
    return 0;
  }
  const { signal, code } = untilSignalled();
  try {
    const report = await rehearse({
      options,
      program: { command: process.execPath, args: [...process.execArgv, process.argv[1]!] },
      env: process.env,
      openBalancer: () => TcpBalancer.open(options.balance),
      clock: systemClock,
      tell: stopwatch(),
      signal,
      ...replacement,
    });
    return print(report, options);
  } catch (error) {
    if (!signal.aborted) throw error;
    process.stderr.write('The rehearsal was interrupted. Everything that it started has ended.\n');
    return code();
  }
}

/** Returns the exit code. */
function print(report: Report, { json, limits }: RehearseOptions): number {
  const broken = judge(report, limits);
  process.stdout.write(json ? `${JSON.stringify({ ...report, broken }, null, 2)}\n` : reportText(report, broken));
  return broken.length === 0 ? 0 : 1;
}

/** Aborts at SIGINT and SIGTERM; `code` is the exit code a shell expects then. */
function untilSignalled() {
  const abort = new AbortController();
  let code = 0;
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      code ||= 128 + constants.signals[name];
      abort.abort(new Error(name));
    });
  }
  return { signal: abort.signal, code: () => code };
}

/** Writes lines to stderr, each with the seconds since now before it. */
function stopwatch(): (line: string) => void {
  const startedAt = performance.now();
  return (line) => {
    process.stderr.write(`${((performance.now() - startedAt) / 1000).toFixed(1).padStart(6)} s  ${line}\n`);
  };
}
