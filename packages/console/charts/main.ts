/** Draws the charts that a pod serves. Usage: main.ts FOLDER */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connectionMachine } from '../../../machines/connection.ts';
import { podMachine } from '../../../machines/pod.ts';
import { toMermaid } from './mermaid.ts';
import { toSvg } from './svg.ts';

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: main.ts FOLDER');

await mkdir(folder, { recursive: true });
for (const machine of [connectionMachine, podMachine]) {
  await writeFile(join(folder, `${machine.id}.svg`), await toSvg(machine));
  await writeFile(join(folder, `${machine.id}.mmd`), toMermaid(machine));
}
