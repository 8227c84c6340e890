import type { IncomingMessage } from 'node:http';
import { get } from 'node:http';
import { createInterface } from 'node:readline';
import type { ServerProcess } from '../server-process.ts';

/** An event of `/events`: of an overview, or of a step of a connection. */
export interface LiveEvent {
  from?: string | null;
  to?: string;
  missed?: number;
}

/** Reads `/events` of a pod until it leaves. */
export class Looker {
  readonly #answer: IncomingMessage;
  readonly events: LiveEvent[] = [];

  private constructor(answer: IncomingMessage) {
    this.#answer = answer;
    answer.on('error', () => {}); // it has left
    createInterface(answer).on('line', (line) => {
      if (line.startsWith('data: ')) this.events.push(JSON.parse(line.slice('data: '.length)) as LiveEvent);
    });
  }

  /** Resolves once the pod has begun to answer. `query` as in `?device=ID`; none for overviews. */
  static async open({ ports }: ServerProcess, query: string): Promise<Looker> {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      get(`http://127.0.0.1:${ports.adminPort}/events${query}`, resolve).on('error', reject);
    });
    if (answer.statusCode !== 200) throw new Error(`/events${query} was answered ${answer.statusCode}`);
    return new Looker(answer);
  }

  /** Has it seen so many lives, from their beginning to their end, and no other? Throws when it was not told something. */
  hasSeen(lives: number): boolean {
    if (this.events.some(({ missed }) => missed)) throw new Error('the pod left out something');
    const begun = this.events.filter(({ from }) => from === null).length;
    const ended = this.events.filter(({ to }) => to === 'unregistered').length;
    return begun === lives && ended === lives;
  }

  leave(): void {
    this.#answer.destroy();
  }
}
