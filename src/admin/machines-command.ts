import { parseArgs } from 'node:util';
import type { AnyStateMachine } from 'xstate';
import { UsageError } from '../usage-error.ts';
import type { MachineFormat } from './machines.ts';
import { formatMachine, isMachineFormat, machineFormats, machines } from './machines.ts';

const names = [...machines.keys()].join(' or ');

export const machinesHelpText = `ws-connect machines: prints the statecharts the program runs

Usage: ws-connect machines [${[...machines.keys()].join(' | ')}] [--format ${machineFormats.join(' | ')}]

  connection, pod  which one; without a name all of them, one after the other (but for svg)
  --format         mermaid (default), which GitHub draws in Markdown; svg, a picture; json, the chart as xstate has it
  --help           show this and exit

Exit codes: 0 printed; 1 the program is not built; 2 the arguments are wrong.
`;

/** `ws-connect machines`: prints charts to stdout. Returns the exit code. */
export async function printMachines(args: string[]): Promise<number> {
  const { help, name, format } = parse(args);
  if (help) {
    process.stdout.write(machinesHelpText);
    return 0;
  }
  process.stdout.write(`${name === undefined ? await formatAll(format) : await formatMachine(find(name), format)}\n`);
  return 0;
}

function parse(args: string[]): { help: boolean; name: string | undefined; format: MachineFormat } {
  const { values, positionals } = parseStrictly(args);
  const { help = false, format = 'mermaid' } = values;
  if (positionals.length > 1) throw misuse(`${positionals.join(' ')}: one machine at a time, ${names}`);
  if (!isMachineFormat(format)) throw misuse(`--format ${format}: must be ${machineFormats.join(', ')}`);
  return { help, name: positionals[0], format };
}

function parseStrictly(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: { help: { type: 'boolean', short: 'h' }, format: { type: 'string' } },
    });
  } catch (error) {
    throw misuse((error as Error).message);
  }
}

function find(name: string): AnyStateMachine {
  const machine = machines.get(name);
  if (!machine) throw misuse(`${name}: there is no such machine; there are ${[...machines.keys()].join(' and ')}`);
  return machine;
}

async function formatAll(format: MachineFormat): Promise<string> {
  if (format === 'svg') throw misuse(`--format svg is one picture: say which, ${names}`);
  if (format === 'json') {
    return JSON.stringify(Object.fromEntries([...machines].map(([name, { config }]) => [name, config])), null, 2);
  }
  const diagrams = [...machines].map(
    async ([name, machine]) => `%% ${name}\n${await formatMachine(machine, format)}\n`,
  );
  return (await Promise.all(diagrams)).join('\n').trimEnd();
}

function misuse(message: string): UsageError {
  return new UsageError(`${message}\nTry ws-connect machines --help.`);
}
