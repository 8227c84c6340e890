import { byId, create } from './dom.ts';
import { clockTime, plural } from './format.ts';
import type { ConnectionInFull, Step } from './wire.ts';

/** The table forgets the oldest beyond this. */
const maxRows = 500;

/** What connections of a device were told and what they did, the latest first. */
export class Timeline {
  readonly #body = byId('timeline', HTMLTableSectionElement);
  /** What has happened before is not known, and not asked for either so far. */
  #isBehind = true;

  constructor() {
    this.#body.replaceChildren();
  }

  /** Steps may have been missed up to now. */
  resume(): void {
    this.#isBehind = true;
  }

  /** Where it has come to while nobody followed. Left out once a step has told. */
  catchUp({ since, cause = '', state, traceId }: ConnectionInFull): void {
    if (!this.#isBehind) return;
    this.#isBehind = false;
    this.#add({ at: since, event: cause, where: `→ ${state}`, why: 'before you followed it', traceId }, 'before');
  }

  add({ at, event, from, to, reason = '', traceId, missed = 0 }: Step): void {
    this.#isBehind = false;
    const where = from === to ? `stays in ${to}` : from === null ? `→ ${to}` : `${from} → ${to}`;
    const why = missed > 0 ? `${reason} (${plural(missed, 'event')} before this one left out)` : reason;
    this.#add({ at, event, where, why, traceId }, from === to ? 'stays' : '');
  }

  #add(row: { at: string; event: string; where: string; why: string; traceId: string }, className: string): void {
    const time = create('time', { datetime: row.at }, clockTime(row.at, 'ms'));
    this.#body.prepend(
      create(
        'tr',
        { class: className },
        create('th', { scope: 'row' }, time),
        create('td', {}, create('code', {}, row.event)),
        create('td', {}, row.where),
        create('td', {}, row.why),
        create('td', { class: 'trace', title: row.traceId }, row.traceId.slice(0, 8)),
      ),
    );
    if (this.#body.rows.length > maxRows) this.#body.deleteRow(-1);
  }
}
