import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Container, Exit } from './kubelet.ts';
import { RehearsalError } from './rehearsal-error.ts';

export interface ProgramOptions {
  command: string;
  args: string[];
  env: NodeJS.ProcessEnv;
  onLine: (line: string) => void;
}

/** What is kept of stderr to explain a failure, characters. */
const keptStderr = 2000;

/** All that run. */
const running = new Set<ChildProcessByStdio<null, Readable, Readable>>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL'); // none is left behind when this process crashes
});

/** A program in a process of its own. Ctrl-C in the terminal does not reach it: whoever started it ends it. */
export class Program implements Container {
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  #stderr = '';
  #failure: Error | undefined;

  constructor({ command, args, env, onLine }: ProgramOptions) {
    const child = spawn(command, args, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    running.add(child);
    child.once('error', (error) => (this.#failure = error));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-keptStderr);
    });
    createInterface(child.stdout).on('line', onLine);
    this.exited = this.#untilClosed();
  }

  signal(name: 'SIGTERM' | 'SIGKILL'): void {
    this.#child.kill(name);
  }

  /** Kills it and waits until it is gone. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.exited;
  }

  /** Why it ended, for whoever expected it to go on. */
  async failure(what: string): Promise<RehearsalError> {
    const { code, signal } = await this.exited;
    const how = this.#failure ? this.#failure.message : `ended with ${signal ?? `exit code ${code}`}`;
    return new RehearsalError(`${what}: ${how}${this.#stderr === '' ? '' : `\n${this.#stderr.trim()}`}`, {
      cause: this.#failure,
    });
  }

  async #untilClosed(): Promise<Exit> {
    const child = this.#child;
    try {
      await once(child, 'close');
    } catch {
      // it could not be started: `failure` tells why
    }
    running.delete(child);
    return { code: child.exitCode, signal: child.signalCode };
  }
}
