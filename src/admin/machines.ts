import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { AnyStateMachine } from 'xstate';
import { connectionMachine } from '../../machines/connection.ts';
import { podMachine } from '../../machines/pod.ts';
import { MissingChartError } from './missing-chart-error.ts';

export const machines: ReadonlyMap<string, AnyStateMachine> = new Map<string, AnyStateMachine>([
  ['connection', connectionMachine],
  ['pod', podMachine],
]);

export const machineFormats = ['json', 'mermaid', 'svg'] as const;
export type MachineFormat = (typeof machineFormats)[number];

export function isMachineFormat(format: unknown): format is MachineFormat {
  return machineFormats.includes(format as MachineFormat);
}

/** The build draws the charts (packages/console) and puts them into charts/ beside this file. */
const folder = new URL('./charts/', import.meta.url);
const extensions = { mermaid: 'mmd', svg: 'svg' };

/** The chart as text. A drawn chart is read from its file every time. Throws `MissingChartError` without that file. */
export async function formatMachine(machine: AnyStateMachine, format: MachineFormat): Promise<string> {
  if (format === 'json') return JSON.stringify(machine.config, null, 2);
  const file = new URL(`${machine.id}.${extensions[format]}`, folder);
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' ? new MissingChartError(fileURLToPath(file), error) : error;
  });
}
