import { closeSync, openSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';

const lookMs = 20;

/** Reads a file line by line while another process writes it. */
export class LineTail {
  readonly #file: number;
  readonly #told: (line: string) => void;
  readonly #decoder = new StringDecoder('utf8');
  readonly #chunk = Buffer.alloc(65_536);
  readonly #timer: NodeJS.Timeout;
  #rest = '';

  constructor(path: string, told: (line: string) => void) {
    this.#file = openSync(path, 'r');
    this.#told = told;
    this.#timer = setInterval(() => this.#read(), lookMs);
  }

  /** Whoever wrote is gone: reads what is left. */
  end(): void {
    clearInterval(this.#timer);
    this.#read();
    closeSync(this.#file);
  }

  #read(): void {
    for (;;) {
      const size = readSync(this.#file, this.#chunk);
      if (size === 0) return;
      const lines = (this.#rest + this.#decoder.write(this.#chunk.subarray(0, size))).split('\n');
      this.#rest = lines.pop() ?? '';
      for (const line of lines) this.#told(line);
    }
  }
}
