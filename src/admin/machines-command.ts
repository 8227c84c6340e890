import { parseArgs } from 'node:util';
import type { AnyStateMachine } from 'xstate';
import { UsageError } from '../base/usage-error.ts';
import type { MachineFormat } from './machines.ts';
import { formatMachine, isMachineFormat, machineFormats, machines } from './machines.ts';

const names = [...machines.keys()].join(' or ');

export const machinesHelpText = `ws-connect machines: prints the statecharts that the program runs

Usage: ws-connect machines [${[...machines.keys()].join(' | ')}] [--format ${machineFormats.join(' | ')}]

  connection, pod  the machine to print; without a name all machines are printed (not with svg)
  --format         mermaid (default): a diagram that GitHub shows in Markdown; svg: a picture; json: the chart as XState JSON
  --help           show this text and exit

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
  if (positionals.length > 1) throw misuse(`${positionals.join(' ')} is not allowed. Use one machine, ${names}`);
  if (!isMachineFormat(format)) throw misuse(`--format ${format} is not allowed. Use ${machineFormats.join(' or ')}`);
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
  if (!machine) throw misuse(`There is no machine ${name}. Use ${names}`);
  return machine;
}

async function formatAll(format: MachineFormat): Promise<string> {
  if (format === 'svg') throw misuse(`--format svg prints one picture. Name the machine, ${names}`);
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
