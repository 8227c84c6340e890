import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { until } from './until.ts';

/** A named pipe, such as a container runtime makes of a container's stdout. Nobody reads it but by `read`. */
export class Fifo {
  readonly path: string;
  #fd: number;
  #text = '';

  constructor() {
    const folder = mkdtempSync(join(tmpdir(), 'ws-connect-fifo-'));
    this.path = join(folder, 'stdout');
    execFileSync('mkfifo', [this.path]);
    this.#fd = this.#open();
    onTestFinished(() => {
      closeSync(this.#fd);
      rmSync(folder, { recursive: true });
    });
  }

  /** Everything read so far, with what is in the pipe now. */
  read(): string {
    const buffer = Buffer.alloc(65_536);
    for (let size = this.#readInto(buffer); size > 0; size = this.#readInto(buffer)) {
      this.#text += buffer.toString('latin1', 0, size);
    }
    return this.#text;
  }

  /** Resolves with everything read so far once that contains `part`. */
  async has(part: string): Promise<string> {
    await until(() => this.read().includes(part));
    return this.#text;
  }

  /** The reader goes away and another one comes. Returns what happens in between. */
  withoutReader<T>(run: () => T): T {
    closeSync(this.#fd);
    const result = run();
    this.#fd = this.#open();
    return result;
  }

  #open(): number {
    return openSync(this.path, constants.O_RDONLY | constants.O_NONBLOCK);
  }

  /** Returns 0 when the pipe is empty, and at its end. */
  #readInto(buffer: Buffer): number {
    try {
      return readSync(this.#fd, buffer);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
      throw error;
    }
  }
}
