import { ask } from './api.ts';
import { deviceHash } from './device-panel.ts';
import { byId, create, setRows, setText } from './dom.ts';
import { dateTime, plural } from './format.ts';
import type { ConnectionPage } from './wire.ts';

const pageSize = 20;

/** The first of this pod's connections, by state and by how the device's name begins: never all of them. */
export function showConnections(): void {
  const form = byId('list', HTMLFormElement);
  const look = async () => {
    const query = new URLSearchParams({
      state: byId('list-state', HTMLSelectElement).value,
      prefix: byId('list-prefix', HTMLInputElement).value.trim(),
      limit: String(pageSize + 1), // one more tells whether there are more
    });
    const { body, refused } = await ask<ConnectionPage>(`/connections?${query}`);
    const note = byId('list-note', HTMLParagraphElement);
    if (refused) return setText(note, `The connections cannot be listed: ${refused.detail}.`);
    const shown = body.connections.slice(0, pageSize);
    const isAll = shown.length === body.connections.length;
    setText(
      note,
      isAll
        ? `${plural(shown.length, 'connection')} found.`
        : `The first ${pageSize} connections. Narrow the search to see others.`,
    );
    const rows = shown.map(({ deviceId, state, traceId, connectedAt, lastDataAt }) => ({
      key: traceId,
      cells: [
        create('a', { href: deviceHash(deviceId) }, deviceId),
        state,
        dateTime(connectedAt),
        dateTime(lastDataAt),
      ],
    }));
    setRows(byId('listed', HTMLTableSectionElement), rows);
  };
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void look();
  });
  byId('list-state', HTMLSelectElement).addEventListener('change', () => void look());
}

/** Offers these states to choose from. */
export function offerStates(states: readonly string[]): void {
  const select = byId('list-state', HTMLSelectElement);
  const offered = [...select.options].map(({ value }) => value);
  for (const state of states) if (!offered.includes(state)) select.append(create('option', {}, state));
}
