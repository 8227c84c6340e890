#!/usr/bin/env node
import { helpText, hintText, parseArguments, UsageError } from './cli.ts';
import { systemClock } from './clock.ts';
import { ConfigError, loadConfig, printableConfig } from './config.ts';
import { ListenError } from './http/server.ts';
import { createLogger } from './log.ts';
import { createPod } from './pod.ts';
import { onTermination } from './signals.ts';

/** Returns the exit code. */
async function main(): Promise<number> {
  const { command, hints } = parseArguments(process.argv.slice(2));
  if (command === 'help') {
    process.stdout.write(helpText());
    return 0;
  }
  const config = loadConfig(process.env);
  if (command === 'print-config') {
    process.stdout.write(`${JSON.stringify(printableConfig(config), null, 2)}\n`);
    return 0;
  }
  const log = createLogger(config.LOG_LEVEL);
  process.on('uncaughtExceptionMonitor', (error) => log.fatal({ err: error }, 'crashed'));
  const pod = createPod(config, { clock: systemClock, log });
  onTermination(process, systemClock, () => pod.terminate());
  const ports = await pod.start();
  if (hints) process.stderr.write(hintText(config.HOST, ports));
  return pod.ended;
}

/** What an operator has done wrong is told in a sentence; anything else is our fault and keeps its stack. */
function explain(error: unknown): number {
  if (!(error instanceof ConfigError || error instanceof UsageError || error instanceof ListenError)) throw error;
  process.stderr.write(`ws-connect: ${error.message}\n`);
  return error instanceof ListenError ? 1 : 2;
}

process.exit(await main().catch(explain));
