import { byId, create } from './dom.ts';
import { clockTime, plural } from './format.ts';
import type { ConnectionInFull, Step } from './wire.ts';

/** The table forgets the oldest beyond this. */
const maxRows = 500;

/** What connections of a device were told and what they did, the latest first. */
export class Timeline {
  readonly #body = byId('timeline', HTMLTableSectionElement);

  clear(): void {
    this.#body.replaceChildren();
  }

  /** What was before anybody followed: it is in this state since then. Left out once something has followed. */
  begin({ since, cause = '', state, traceId }: ConnectionInFull): void {
    if (this.#body.rows.length > 0) return;
    this.#add({ at: since, event: cause, where: `→ ${state}`, why: 'before you looked', traceId }, 'before');
  }

  add({ at, event, from, to, reason = '', traceId, missed = 0 }: Step): void {
    const where = from === to ? `ignored in ${to}` : from === null ? `→ ${to}` : `${from} → ${to}`;
    const why = missed > 0 ? `${reason} (${plural(missed, 'event')} before it were too many to send)` : reason;
    this.#add({ at, event, where, why, traceId }, from === to ? 'ignored' : '');
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
