import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { run } from './run.ts';

/** What the image says of how it is run. */
export interface ImageConfig {
  User: string;
  Env: string[];
  Cmd: string[];
  WorkingDir: string;
  Labels: Record<string, string>;
}

/** A container of the image, run by runc as our Deployment has it run: nothing can be written, no capability, the user of the image. */
export class Container {
  readonly #name = `ws-connect-${process.pid}`;
  readonly #process: ChildProcess;
  readonly exited: Promise<number | null>;
  readonly #lines: Record<string, unknown>[] = [];
  readonly #output;

  constructor(folder: string, root: string, config: ImageConfig, env: string[]) {
    const bundle = join(folder, 'bundle');
    mkdirSync(bundle, { recursive: true });
    writeFileSync(join(bundle, 'config.json'), JSON.stringify(runtimeConfig(root, config, env)));
    const args = ['run', '--bundle', bundle, this.#name];
    this.#process = spawn('runc', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.exited = once(this.#process, 'close').then(([code]) => code as number | null);
    this.#output = createInterface(this.#process.stdout!);
    this.#output.on('line', (line) => this.#lines.push(JSON.parse(line) as Record<string, unknown>));
  }

  /** Resolves with the first log line with this message. Rejects when the container ends without it. */
  async logged(message: string): Promise<Record<string, unknown>> {
    const ended = this.exited.then((code) => {
      throw new Error(`the container ended with ${code} before "${message}"`);
    });
    ended.catch(() => {}); // once the line is here nobody waits for this any more
    for (;;) {
      const line = this.#lines.find(({ msg }) => msg === message);
      if (line) return line;
      await Promise.race([once(this.#output, 'line'), ended]);
    }
  }

  /** To process 1, as the kubelet does. */
  terminate(): void {
    run('runc', ['kill', this.#name, 'TERM']);
  }

  /** The programs that run in it, each with its user before it. */
  programs(): string[] {
    const { pid } = JSON.parse(run('runc', ['state', this.#name])) as { pid: number };
    return run('ps', ['-o', 'uid=,args=', '--pid', String(pid), '--ppid', String(pid)])
      .split('\n')
      .map((line) => line.trim());
  }

  remove(): void {
    if (this.#process.exitCode === null) run('runc', ['delete', '--force', this.#name]);
  }
}

/** OCI runtime specification 1.0; the network is the host's, so that a device can connect. */
function runtimeConfig(root: string, { User, Env, Cmd, WorkingDir }: ImageConfig, env: string[]): object {
  const [uid, gid] = User.split(':').map(Number);
  const noCapabilities = { bounding: [], effective: [], permitted: [] };
  return {
    ociVersion: '1.0.0',
    root: { path: root, readonly: true },
    process: {
      user: { uid, gid },
      args: Cmd,
      env: [...Env, ...env],
      cwd: WorkingDir,
      noNewPrivileges: true,
      capabilities: noCapabilities,
    },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755'] },
    ],
    linux: { namespaces: [{ type: 'pid' }, { type: 'mount' }, { type: 'ipc' }, { type: 'uts' }] },
  };
}
