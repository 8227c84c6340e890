#!/usr/bin/env node
import { MissingChartError } from './admin/missing-chart-error.ts';
import { helpText, hintText, parseArguments } from './cli.ts';
import { systemClock } from './base/clock.ts';
import { ConfigError, loadConfig, printableConfig } from './config.ts';
import { follow, FollowError } from './follow/command.ts';
import { ListenError } from './http/server.ts';
import { createLogger } from './observe/log.ts';
import { LogOutput, openStdout } from './observe/log-output.ts';
import { RehearsalError } from './rehearse/rehearsal-error.ts';
import { onTermination } from './signals.ts';
import { UsageError } from './base/usage-error.ts';

/**
 * Returns the exit code. Each command loads what it needs. Node opens all files of one import at once: all of the program would be more
 * than a small limit of open files allows.
 */
async function main(): Promise<number> {
  const invocation = parseArguments(process.argv.slice(2));
  if (invocation.command === 'help') {
    process.stdout.write(helpText());
    return 0;
  }
  if (invocation.command === 'rehearse') {
    const { runRehearsal } = await import('./rehearse/command.ts');
    return runRehearsal(invocation.args);
  }
  if (invocation.command === 'follow') return follow(invocation.args);
  if (invocation.command === 'machines') {
    const { printMachines } = await import('./admin/machines-command.ts');
    return printMachines(invocation.args);
  }
  if (invocation.command === 'openapi') return show((await import('./documents/openapi.ts')).openapi());
  if (invocation.command === 'asyncapi') return show((await import('./documents/asyncapi.ts')).asyncapi());
  const config = loadConfig(process.env);
  if (invocation.command === 'print-config') return show(printableConfig(config));
  const output = new LogOutput(openStdout(), (lines) =>
    log.warn({ podId: config.podId, lines }, 'log lines were dropped here: stdout was not read in time'),
  );
  const log = createLogger(config.logLevel, output);
  process.on('uncaughtExceptionMonitor', (error) => log.fatal({ err: error }, 'crashed'));
  process.on('exit', () => output.flush());
  await import('./documents/openapi.ts');
  await import('./registry/open.ts');
  const { createPod } = await import('./pod.ts');
  const { startTracing } = await import('./tracing/tracing.ts');
  const tracing = startTracing();
  const pod = createPod(config, { clock: systemClock, log, droppedLogLines: () => output.dropped });
  onTermination(process, systemClock, () => pod.terminate());
  const ports = await pod.start();
  if (invocation.hints) process.stderr.write(hintText(config.host, ports));
  const exitCode = await pod.ended;
  await tracing?.flush().catch((error: unknown) => log.warn({ err: error }, 'the last spans could not be sent'));
  return exitCode;
}

/** Resolves once all of it is out: the process ends right after. */
async function show(content: object): Promise<number> {
  const text = `${JSON.stringify(content, null, 2)}\n`;
  await new Promise<void>((resolve) => process.stdout.write(text, () => resolve()));
  return 0;
}

/** What an operator has done wrong is told in a sentence; anything else is our fault and keeps its stack. */
function explain(error: unknown): number {
  const isMisuse = error instanceof ConfigError || error instanceof UsageError;
  const isOfCommand =
    error instanceof RehearsalError || error instanceof FollowError || error instanceof MissingChartError;
  if (!isMisuse && !isOfCommand && !(error instanceof ListenError)) throw error;
  process.stderr.write(`ws-connect: ${error.message}\n`);
  return isMisuse ? 2 : 1;
}

process.exit(await main().catch(explain));
