import { optionNames, optionRows } from './option-table.ts';

export function rehearseHelpText(): string {
  const heads = optionNames.map((name) => `--${name}${optionRows[name].value ? ` ${optionRows[name].value}` : ''}`);
  const width = Math.max(...heads.map(({ length }) => Math.min(length, 24)));
  const lines = optionNames.map((name, index) => {
    const { about, default: fallback } = optionRows[name];
    const head = heads[index]!;
    const gap = head.length > width ? `\n${' '.repeat(width + 4)}` : ' '.repeat(width + 2 - head.length);
    return `  ${head}${gap}${about}${fallback ? `; default ${fallback}` : ''}`;
  });
  return `ws-connect rehearse: rolls a real fleet on this machine and reports what devices and services noticed

Usage: ws-connect rehearse [options]

Starts pods behind a small balancer, connects devices, sends callbacks, replaces the pods one by one as Kubernetes would
(a new one is ready, the old one's pre-stop hook, SIGTERM, and SIGKILL at the end of its grace), and prints a report. The
pods take their configuration from the environment, as always.

${lines.join('\n')}

Exit codes: 0 nothing was lost and no limit passed; 1 the report names what was; 2 the arguments are wrong.
`;
}
