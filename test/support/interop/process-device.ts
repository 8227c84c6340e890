import type { ChildOptions } from '../child.ts';
import { Child } from '../child.ts';
import type { Frame, InteropDevice, SeenClose, Told } from './device.ts';

/** A device in a process of its own, which says in JSON lines what it sees and is told so what to send. */
export class ProcessDevice implements InteropDevice {
  readonly child: Child;

  constructor(command: string, args: string[], options: ChildOptions = {}) {
    this.child = new Child(command, args, options);
  }

  opened(): Promise<string> {
    return this.child.wrote(
      'an open connection',
      () => this.#told.flatMap((told) => ('open' in told ? [told.open] : []))[0],
    );
  }

  received(count: number): Promise<Frame[]> {
    return this.child.wrote(`${count} frames`, () => {
      const frames = this.#told.flatMap((told) => ('frame' in told ? [told.frame] : []));
      return frames.length >= count ? frames.slice(0, count) : undefined;
    });
  }

  send(frame: Frame): void {
    this.child.write(`${JSON.stringify(frame)}\n`);
  }

  closed(): Promise<SeenClose> {
    return this.child.wrote('a close', () => this.#told.flatMap((told) => ('close' in told ? [told.close] : []))[0]);
  }

  get #told(): Told[] {
    return this.child.lines.map((line) => JSON.parse(line) as Told);
  }
}
