import type { Fact, FactOf } from '../history.ts';

/** A frame as a device got it. */
export type Received = FactOf<'device.received'>;

/** One callback, and every answer and frame there was for it. */
export interface Callback {
  sent: FactOf<'callback.sent'>;
  answers: (FactOf<'callback.answered'> | FactOf<'callback.failed'>)[];
  frames: Received[];
}

/** All callbacks of a history. */
export class Callbacks {
  readonly byId = new Map<string, Callback>();
  /** Frames that no callback has sent. */
  readonly strangers: Received[] = [];
  readonly #received: Received[] = [];

  note(fact: Fact): void {
    switch (fact.type) {
      case 'callback.sent':
        if (this.byId.has(fact.id)) throw new Error(`history: callback ${fact.id} was sent twice`);
        this.byId.set(fact.id, { sent: fact, answers: [], frames: [] });
        break;
      case 'callback.answered':
      case 'callback.failed':
        this.#answered(fact);
        break;
      case 'device.received':
        this.#received.push(fact);
        break;
      default:
    }
  }

  /** Gives each callback its frames, once all facts are noted. */
  join(): void {
    for (const frame of this.#received) {
      const callback = this.byId.get(frame.body);
      if (callback) callback.frames.push(frame);
      else this.strangers.push(frame);
    }
  }

  #answered(fact: Callback['answers'][number]): void {
    const callback = this.byId.get(fact.id);
    if (!callback) throw new Error(`history: ${fact.type} of callback ${fact.id}, which was never sent`);
    callback.answers.push(fact);
  }
}

/** The answer with which a callback was delivered. */
export function deliveryOf({ answers }: Callback): FactOf<'callback.answered'> | undefined {
  for (const answer of answers) if (answer.type === 'callback.answered' && answer.status === 200) return answer;
  return undefined;
}
