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
  return `ws-connect rehearse: performs a rolling update of a real fleet on this machine, and reports what devices and services noticed

Usage: ws-connect rehearse [options]

The command starts pods behind a small balancer, connects devices and sends callbacks. Then it replaces the pods one by one,
as Kubernetes does: it waits until a new pod is ready, calls the pre-stop hook of the old pod, sends SIGTERM, and sends SIGKILL
at the end of the grace period. Finally it prints a report. The pods read their configuration from the environment, as always.

${lines.join('\n')}

Exit codes: 0 all limits were kept; 1 the report names the broken limits, or the rehearsal failed; 2 the arguments are wrong.
`;
}
