import type { Fact } from '../history.ts';
import { HistoryFile } from '../history.ts';

/** A fact without its time. */
export type Untimed<F> = F extends unknown ? Omit<F, 'at'> : never;

/** Writes down what the driver and the nemesis see and do, each fact with the present time unless it has its own. */
export class Recorder {
  readonly path: string;
  readonly #file: HistoryFile;
  #starvations = 0;

  constructor(path: string) {
    this.path = path;
    this.#file = new HistoryFile(path);
  }

  record(fact: Untimed<Fact>): void {
    this.#file.write({ ...fact, at: Date.now() });
  }

  /** A fact that says itself when it was. */
  add(fact: Fact): void {
    this.#file.write(fact);
  }

  /** Somebody stood still, because the machine has other work: those pods, or everybody. Times are ms since 1970. */
  starved(from: number, to: number, pods?: string[]): void {
    const fault = `starvation-${(this.#starvations += 1)}`;
    const what = { name: 'starvation', ...(pods ? { pods } : {}), registryDown: true, closesSockets: false };
    this.add({ type: 'fault.began', at: from, fault, ...what });
    this.add({ type: 'fault.ended', at: to, fault });
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
