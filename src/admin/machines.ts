import type { AnyStateMachine } from 'xstate';
import { connectionMachine } from '../../machines/connection.ts';
import { podMachine } from '../../machines/pod.ts';
import { toMermaid } from './mermaid.ts';

export const machines: ReadonlyMap<string, AnyStateMachine> = new Map<string, AnyStateMachine>([
  ['connection', connectionMachine],
  ['pod', podMachine],
]);

export const machineFormats = ['json', 'mermaid', 'svg'] as const;
export type MachineFormat = (typeof machineFormats)[number];

export function isMachineFormat(format: unknown): format is MachineFormat {
  return machineFormats.includes(format as MachineFormat);
}

const drawn = new Map<AnyStateMachine, string>();

/** The chart as text. The picture is laid out once: the first time takes some 50 ms of the event loop. */
export async function formatMachine(machine: AnyStateMachine, format: MachineFormat): Promise<string> {
  if (format === 'json') return JSON.stringify(machine.config, null, 2);
  if (format === 'mermaid') return toMermaid(machine);
  const { toSvg } = await import('./svg.ts'); // few pods are ever asked for it
  const svg = drawn.get(machine) ?? toSvg(machine);
  drawn.set(machine, svg);
  return svg;
}
