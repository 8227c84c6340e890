import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { connectionMachine } from '../../machines/connection.ts';
import { podMachine } from '../../machines/pod.ts';
import { machinesHelpText } from '../../src/admin/machines-command.ts';
import { toMermaid } from '../../packages/console/charts/mermaid.ts';
import { toSvg } from '../../packages/console/charts/svg.ts';
import { Child } from '../support/child.ts';
import { runProgram } from '../support/process.ts';

const connection = toMermaid(connectionMachine);
const pod = toMermaid(podMachine);
const [drawnConnection, drawnPod] = [await toSvg(connectionMachine), await toSvg(podMachine)];

describe('ws-connect machines', () => {
  it.each([
    ['', `%% connection\n${connection}\n\n%% pod\n${pod}`],
    ['--format mermaid', `%% connection\n${connection}\n\n%% pod\n${pod}`],
    ['pod', pod],
    ['connection --format mermaid', connection],
    ['--format=svg pod', drawnPod],
    ['connection --format svg', drawnConnection],
    ['pod --format json', JSON.stringify(podMachine.config, null, 2)],
    ['--format json', JSON.stringify({ connection: connectionMachine.config, pod: podMachine.config }, null, 2)],
    ['--help', machinesHelpText.trimEnd()],
    ['pod -h', machinesHelpText.trimEnd()],
  ])('%s', async (args, printed) => {
    const { code, stdout, stderr } = await runProgram({}, ['machines', ...words(args)]);

    expect(stderr).toBe('');
    expect(stdout.trimEnd()).toBe(printed);
    expect(code).toBe(0);
  });

  it.each([
    ['drain', 'There is no machine drain. Use connection or pod'],
    ['constructor', 'There is no machine constructor'],
    ['connection pod', 'connection pod is not allowed. Use one machine'],
    ['--format svg', '--format svg prints one picture. Name the machine, connection or pod'],
    ['pod --format png', '--format png is not allowed. Use json or mermaid or svg'],
    ['pod --format=', 'is not allowed. Use json or mermaid or svg'],
    ['pod --format', '--format'],
    ['--formt svg', '--formt'],
  ])('%s ends with exit code 2, says why, and prints nothing', async (args, why) => {
    const { code, stdout, stderr } = await runProgram({}, ['machines', ...words(args)]);

    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^ws-connect: /);
    expect(stderr).toContain(why);
    expect(stderr).toContain('Try ws-connect machines --help.');
  });

  it('ends with exit code 1 and says what to do when the build has not drawn a chart', async () => {
    const source = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
    const child = new Child(process.execPath, ['--import', 'tsx', source, 'machines', 'pod']);

    const { code } = await child.exited;

    expect(code).toBe(1);
    expect(child.stderr).toMatch(/^ws-connect: the drawn chart \S+charts\/pod\.mmd is missing: run "npm run build"\n$/);
  });

  it('does not care what the configuration is', async () => {
    const { code } = await runProgram({ DRAIN_SWEEPS: '-1' }, ['machines', 'pod']);

    expect(code).toBe(0);
  });
});

function words(text: string): string[] {
  return text === '' ? [] : text.split(' ');
}
