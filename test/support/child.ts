import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { onTestFinished } from 'vitest';

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface ChildOptions {
  env?: Record<string, string>;
  cwd?: string;
  /** Leads a process group of its own, as a command started from a terminal does. */
  ownGroup?: boolean;
}

/** Nothing of the environment the tests run in but what a program needs to run at all. */
const bareEnvironment = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '/' };

/** A program in a process of its own, read line by line. It is killed when the test is over. */
export class Child {
  readonly lines: string[] = [];
  stderr = '';
  /** Resolves when the process is gone and everything it wrote is read. Rejects when it could not be started. */
  readonly exited: Promise<Exit>;
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #news = new EventEmitter().setMaxListeners(0);
  readonly #ownGroup: boolean;
  #over = false;

  constructor(command: string, args: string[], { env = {}, cwd, ownGroup = false }: ChildOptions = {}) {
    const child = spawn(command, args, { env: { ...bareEnvironment, ...env }, cwd, detached: ownGroup });
    this.#process = child;
    this.#ownGroup = ownGroup;
    child.stdin.on('error', () => {}); // it ended before it had read everything: its exit code tells
    child.stderr.setEncoding('utf8').on('data', (text: string) => this.#told(() => (this.stderr += text)));
    createInterface(child.stdout).on('line', (line) => this.#told(() => this.lines.push(line)));
    this.exited = this.#untilClosed(command);
    this.exited.catch(() => {}); // who asks is told all the same
    onTestFinished(() => this.#kill());
  }

  get pid(): number {
    return this.#process.pid!;
  }

  /** Writes some of its input. */
  write(input: string): void {
    this.#process.stdin.write(input);
  }

  /** Writes all of its input. */
  feed(input: Buffer): void {
    this.#process.stdin.end(input);
  }

  signal(name: NodeJS.Signals): void {
    process.kill(this.pid, name);
  }

  /** Sends the signal to everyone in its process group, as Ctrl-C in a terminal does. */
  signalGroup(name: NodeJS.Signals): void {
    process.kill(-this.pid, name);
  }

  /** Resolves with the first that `ask` finds in what was written so far. Rejects when the program ends without it. */
  async wrote<T>(what: string, ask: () => T | undefined): Promise<T> {
    for (;;) {
      const found = ask();
      if (found !== undefined) return found;
      if (this.#over) throw new Error(`the program ended without ${what}; it wrote:\n${this.#everything()}`);
      await once(this.#news, 'told');
    }
  }

  async #untilClosed(command: string): Promise<Exit> {
    try {
      const [code, signal] = (await once(this.#process, 'close')) as [Exit['code'], Exit['signal']];
      return { code, signal };
    } catch (error) {
      throw new Error(`${command} could not be started; the tests need it`, { cause: error });
    } finally {
      this.#told(() => (this.#over = true));
    }
  }

  #told(note: () => void): void {
    note();
    this.#news.emit('told');
  }

  #everything(): string {
    return [...this.lines, this.stderr].join('\n');
  }

  /** The group, too: a leader that is gone may have left others behind. */
  async #kill(): Promise<void> {
    try {
      if (this.#ownGroup) this.signalGroup('SIGKILL');
      else this.#process.kill('SIGKILL');
    } catch {
      // nobody is left in the group
    }
    await this.exited.catch(() => {});
  }
}
