import type { Answer } from './api.ts';
import { Poll } from './api.ts';
import { byId, create, setRows, setText } from './dom.ts';
import { count, dateTime, plural } from './format.ts';
import type { FleetPod } from './wire.ts';

/** As often as pods write themselves down, ms. */
const everyMs = 5000;

/** All pods the registry knows. `here` is the id of the one this page is of. */
export function showFleet(here: () => string | undefined): void {
  const note = byId('fleet-note', HTMLParagraphElement);
  const show = ({ body, refused }: Answer<{ pods: FleetPod[] }>) => {
    if (refused) return setText(note, `The pods cannot be listed right now: ${refused.detail}.`);
    const { pods } = body;
    const total = pods.reduce((sum, { connections }) => sum + connections, 0);
    setText(note, `${plural(pods.length, 'pod')}, ${plural(total, 'connection')}.`);
    const most = Math.max(1, ...pods.map(({ connections }) => connections));
    const rows = pods.map(({ podId, serverIp, port, state, connections, startedAt }) => {
      const isHere = podId === here();
      const cells = [
        create(
          'span',
          {},
          create('code', {}, podId),
          create('small', {}, `${serverIp}:${port}${isHere ? ', this pod' : ''}`),
        ),
        state,
        bar(connections, most),
        dateTime(startedAt),
      ];
      return { key: podId, className: isHere ? 'here' : '', cells };
    });
    setRows(byId('fleet', HTMLTableSectionElement), rows);
  };
  new Poll('/pods', () => everyMs, show).start();
}

function bar(connections: number, most: number): HTMLElement {
  const length = create('span', { class: 'bar', 'aria-hidden': 'true' });
  length.style.width = `${(100 * connections) / most}%`;
  return create('div', { class: 'barred' }, create('span', {}, count(connections)), length);
}
