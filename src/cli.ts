import { parseArgs } from 'node:util';
import { hostPort } from '@ws-connect/callback-client/internal/address';
import { configTable } from './config.ts';
import { isWildcard } from './config/listen-address.ts';
import { UsageError } from './base/usage-error.ts';

/** `hints`: print lines to try the pod with once it listens. `args`: what stands behind the command. */
export type Invocation =
  | { command: 'run'; hints: boolean }
  | { command: 'help' }
  | { command: 'print-config' }
  | { command: 'openapi' }
  | { command: 'asyncapi' }
  | { command: 'rehearse'; args: string[] }
  | { command: 'follow'; args: string[] }
  | { command: 'machines'; args: string[] };

const subcommands = ['rehearse', 'follow', 'machines'] as const;

export function parseArguments(args: string[]): Invocation {
  const subcommand = subcommands.find((name) => name === args[0]);
  if (subcommand) return { command: subcommand, args: args.slice(1) };
  const [word = ''] = args;
  if (args.length === 1 && (word === 'openapi' || word === 'asyncapi')) return { command: word };
  try {
    const { values } = parseArgs({
      args,
      options: {
        help: { type: 'boolean', short: 'h' },
        'print-config': { type: 'boolean' },
        hints: { type: 'boolean' },
      },
    });
    if (values.help) return { command: 'help' };
    if (values['print-config']) return { command: 'print-config' };
    return { command: 'run', hints: values.hints === true };
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\nTry ws-connect --help.`);
  }
}

export function helpText(): string {
  const rows = configTable();
  const width = Math.max(...rows.map(({ name }) => name.length));
  const lines = rows.map(({ name, about, allowed, default: fallback }) => {
    return `  ${name.padEnd(width)}  ${about}\n  ${''.padEnd(width)}  ${allowed}${fallback ? `; default ${fallback}` : ''}`;
  });
  return `ws-connect: keeps devices reachable over WebSocket while pods start and stop

Usage: ws-connect [--help | --print-config | --hints]
       ws-connect openapi | asyncapi
       ws-connect rehearse | follow | machines [--help | options]

  --help          show this text and exit
  --print-config  show the effective configuration as JSON, without secrets, and exit
  --hints         run the pod, and show on stderr how to connect a device and how to send it a message
  openapi         print the OpenAPI 3.1 document for services and operators, and exit
  asyncapi        print the AsyncAPI 3.0 document for devices, and exit
  rehearse        perform a rolling update of a fleet on this machine, and report what devices and services noticed
  follow          show the events of a device's connections as they happen
  machines        print the statecharts of a connection and of the pod

Exit codes: 0 drained; 1 the drain was ended by force, or the pod could not start; 2 the configuration or the arguments are wrong.
SIGTERM or SIGINT drains the pod. A second one ends it immediately.

Environment variables (an empty value counts as not set):

${lines.join('\n')}
`;
}

/** Two lines to paste, one to be a device and one to push to it, with what a newcomer has: node and curl. */
export function hintText(listenHost: string | undefined, ports: { devicePort: number; callbackPort: number }): string {
  const host = listenHost === undefined || isWildcard(listenHost) ? '127.0.0.1' : listenHost;
  const device = hostPort(host, ports.devicePort);
  const callback = hostPort(host, ports.callbackPort);
  const script =
    `const ws = new WebSocket("ws://${device}/connect?deviceId=lamp-1"); ` +
    'ws.onopen = () => console.log("connected"); ws.onmessage = ({ data }) => console.log(data); ' +
    'ws.onclose = ({ code, reason }) => console.log("closed", code, reason)';
  return `
Connect a device (in a second terminal):

  node --no-warnings --experimental-websocket -e '${script}'

Send it a message (in a third terminal):

  curl -H 'Content-Type: text/plain' --data 'hello' http://${callback}/callback/lamp-1

`;
}
