import type { ChildProcess, StdioOptions } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { pinned, serverCore } from './pinned.ts';
import type { Contender } from './servers/contenders.ts';
import { within } from './within.ts';

export interface ServerPorts {
  devicePort: number;
  callbackPort: number;
  /** Only ws-connect has one. */
  adminPort?: number;
}

const running = new Set<ChildProcess>();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

const startMs = 10_000;
/** Any free port, of the loopback only. A production start sets no more than this. */
const env = {
  PATH: process.env['PATH'],
  NODE_ENV: 'production',
  HOST: '127.0.0.1',
  DEVICE_PORT: '0',
  CALLBACK_PORT: '0',
  ADMIN_PORT: '0',
};
/** As the Dockerfile has it, and the same for every server: without it V8 keeps megabytes of young garbage for a long time. */
const nodeOptions = ['--max-semi-space-size=8'];
/** Clock ticks of /proc, per second (`getconf CLK_TCK`; 100 on every Linux that Node runs on). */
const ticksPerSecond = 100;

export interface StartOptions {
  /** Arguments of Node before the program. */
  nodeArgs?: string[];
  /** Hears what something in the server sends to its parent. */
  onMessage?: (message: unknown) => void;
}

/** A server under test in a process of its own. All are looked at through /proc, so that nothing is added to any of them. */
export class ServerProcess {
  readonly #child: ChildProcess;
  readonly ports: ServerPorts;
  /** Resolves with its exit code; null: a signal has ended it. */
  readonly exited: Promise<number | null>;

  private constructor(child: ChildProcess, ports: ServerPorts, exited: Promise<number | null>) {
    this.#child = child;
    this.ports = ports;
    this.exited = exited;
  }

  /** Resolves once it is ready for devices. `settings` are environment variables of its own. */
  static async start(
    { name, program }: Contender,
    settings: Record<string, string> = {},
    { nodeArgs = [], onMessage }: StartOptions = {},
  ): Promise<ServerProcess> {
    const [command, args] = pinned(serverCore, [...nodeOptions, ...nodeArgs, program]);
    const stdio: StdioOptions = ['ignore', 'pipe', 'inherit', ...(onMessage ? (['ipc'] as const) : [])];
    const child = spawn(command, args, { env: { ...env, ...settings }, stdio });
    if (onMessage) child.on('message', onMessage);
    running.add(child);
    const exited = once(child, 'exit').then(([code]) => {
      running.delete(child);
      return code as number | null;
    });
    const early = exited.then((code) => Promise.reject(new Error(`${name} ended at its start with ${code}`)));
    early.catch(() => {}); // only the start cares
    const ports = await within(startMs, `start of ${name}`, Promise.race([readPorts(child), early]));
    return new ServerProcess(child, ports, exited);
  }

  /** CPU used since its start by all of its threads, user and system, µs. Exact to 10,000. */
  cpuMicros(): number {
    const stat = readFileSync(`/proc/${this.#child.pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // from the third field on, see proc(5)
    return ((Number(fields[11]) + Number(fields[12])) * 1e6) / ticksPerSecond;
  }

  /** Resident memory, bytes. */
  rssBytes(): number {
    return this.#statusBytes('VmRSS');
  }

  /** The most resident memory it has had since its start, bytes; 0 once it has ended. */
  peakRssBytes(): number {
    try {
      return this.#statusBytes('VmHWM') || 0;
    } catch {
      return 0; // nothing is left of it in /proc
    }
  }

  /** One line of its /proc/PID/status, see proc(5). */
  #statusBytes(name: string): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'latin1');
    return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024;
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exited;
  }
}

/** From the line of its log that says `ready`. The rest of the log is read and thrown away. */
function readPorts(child: ChildProcess): Promise<ServerPorts> {
  return new Promise((resolve) => {
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const entry = JSON.parse(line) as ServerPorts & { msg: string };
      if (entry.msg === 'ready') resolve(entry);
    });
  });
}
