import type { Answer, Refusal } from './api.ts';
import { ask, Poll } from './api.ts';
import type { Confirm } from './confirm.ts';
import { byId, create, setText } from './dom.ts';
import { bytes, dateTime, duration } from './format.ts';
import { Stream } from './stream.ts';
import { Timeline } from './timeline.ts';
import type { ConnectionInFull, Elsewhere, Step } from './wire.ts';

const factNames = [
  'State',
  'Since',
  'Why',
  'Pod',
  'Trace',
  'Protocol',
  'Connected',
  'Last data',
  'Next',
  'Bytes',
] as const;
type Facts = Record<(typeof factNames)[number], string>;

/** How often one that is here is looked at, and one that is not, ms. */
const hereMs = 1000;
const awayMs = 5000;

/** The pod says every 15 s that it is there. */
const silentMs = 40_000;

/** One device: what is known of its connection, asked now and then, and what it does, as it does it. */
class DevicePanel {
  readonly #deviceId: string;
  readonly #confirm: Confirm;
  readonly #timeline = new Timeline();
  readonly #facts = makeFacts();
  readonly #path: string;
  readonly #poll: Poll<ConnectionInFull | Elsewhere>;
  readonly #stream: Stream;
  #traceId: string | undefined;

  constructor(deviceId: string, confirm: Confirm) {
    this.#deviceId = deviceId;
    this.#confirm = confirm;
    this.#path = `/connections/${encodeURIComponent(deviceId)}`;
    const everyMs = () => (this.#traceId === undefined ? awayMs : hereMs);
    this.#poll = new Poll(this.#path, everyMs, (answer) => this.#answered(answer));
    const following = byId('device-following', HTMLElement);
    this.#stream = new Stream(`/events?device=${encodeURIComponent(deviceId)}`, {
      on: { step: (step) => this.#step(step as Step), alive: () => {} },
      up: () => {
        setText(following, 'following live');
        this.#timeline.resume();
        this.#poll.start(); // after the stream: nothing is missed in between
      },
      down: () => {
        setText(following, 'not live: the pod does not answer, or too many clients follow connections');
        this.#poll.start();
      },
      silentMs,
    });
    setText(byId('device-name', HTMLElement), deviceId);
    setText(byId('device-note', HTMLParagraphElement), '');
    byId('device', HTMLElement).hidden = false;
    this.#show(undefined);
    this.#stream.open();
  }

  close(): void {
    this.#poll.stop();
    this.#stream.close();
    byId('device', HTMLElement).hidden = true;
  }

  #step(step: Step): void {
    this.#timeline.add(step);
    if (this.#traceId === undefined) this.#poll.start(); // it has come
  }

  #answered({ body, refused }: Answer<ConnectionInFull | Elsewhere>): void {
    const where = byId('device-where', HTMLParagraphElement);
    const here = body && 'state' in body ? body : undefined;
    if (here) this.#timeline.catchUp(here);
    if (!refused || refused.status === 404) this.#show(here); // else what was known last stays
    if (refused) setText(where, notHere(refused));
    else setText(where, 'owner' in body ? elsewhere(body) : '');
  }

  #show(here: ConnectionInFull | undefined): void {
    this.#traceId = here?.traceId;
    byId('device-kick', HTMLButtonElement).disabled = !here;
    byId('device-facts', HTMLDListElement).hidden = !here;
    if (!here) return;
    for (const [name, text] of Object.entries(factsOf(here))) setText(this.#facts.get(name)!, text);
  }

  /** Closes the connection that is shown, and no other one. */
  async kick(): Promise<void> {
    const [deviceId, traceId] = [this.#deviceId, this.#traceId];
    const isSure = await this.#confirm({
      title: `Kick ${deviceId}?`,
      text: 'The pod closes its connection with 4503, which tells the device not to reconnect by itself.',
      action: 'Kick the device',
    });
    if (!isSure) return;
    const { refused } = await ask(this.#path, { method: 'DELETE', headers: { 'If-Match': `"${traceId}"` } });
    setText(
      byId('device-note', HTMLParagraphElement),
      refused ? `Not kicked: ${refused.detail}.` : `${deviceId} was kicked.`,
    );
  }
}

/** The form that finds a device, and the device that the address of the page names: `#device=lamp-1`. */
export function showDevice(confirm: Confirm): void {
  const input = byId('find-device', HTMLInputElement);
  let panel: DevicePanel | undefined;
  const open = () => {
    const deviceId = new URLSearchParams(location.hash.slice(1)).get('device') ?? '';
    panel?.close();
    input.value = deviceId;
    panel = deviceId !== '' && input.reportValidity() ? new DevicePanel(deviceId, confirm) : undefined;
  };
  byId('find', HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault();
    const hash = deviceHash(input.value.trim());
    if (location.hash === hash) open();
    else location.hash = hash;
  });
  byId('device-kick', HTMLButtonElement).addEventListener('click', () => void panel?.kick());
  byId('device-leave', HTMLButtonElement).addEventListener('click', () => {
    location.hash = '';
    input.focus();
  });
  addEventListener('hashchange', () => {
    if (location.hash === '' || location.hash.startsWith(deviceHash(''))) open(); // others lead to a part of the page
  });
  open();
}

export function deviceHash(deviceId: string): string {
  return `#device=${encodeURIComponent(deviceId)}`;
}

function makeFacts(): Map<string, HTMLElement> {
  const values = new Map(factNames.map((name) => [name as string, create('dd')]));
  const rows = [...values].map(([name, value]) => create('div', {}, create('dt', {}, name), value));
  byId('device-facts', HTMLDListElement).replaceChildren(...rows);
  return values;
}

function factsOf(here: ConnectionInFull): Facts {
  const { state, since, cause = '', podId, traceId, subprotocol, connectedAt, lastDataAt, next, at } = here;
  const from = (time: string) => Date.parse(at) - Date.parse(time);
  return {
    State: state,
    Since: `${dateTime(since)}, ${duration(from(since))}`,
    Why: cause,
    Pod: podId,
    Trace: traceId,
    Protocol: subprotocol || 'plain mode',
    Connected: `${dateTime(connectedAt)}, ${duration(from(connectedAt))} ago`,
    'Last data': `${dateTime(lastDataAt)}, ${duration(from(lastDataAt))} ago`,
    Next: next.map(({ what, at: time }) => `${what} in ${duration(-from(time))}`).join(', '),
    Bytes: `${bytes(here.bytes.received)} received, ${bytes(here.bytes.sent)} sent, ${bytes(here.bytes.waiting)} waiting`,
  };
}

function elsewhere({ owner: { podId, serverIp, port } }: Elsewhere): string {
  return `It is on another pod: ${podId}, at ${serverIp} (callbacks at port ${port}). See the page of that pod.`;
}

function notHere({ status, detail }: Refusal): string {
  if (status === 404)
    return 'It is not connected, neither to this pod nor to another pod of the registry. If it connects to this pod, you see it below.';
  return `Its connection cannot be looked up right now: ${detail}.`;
}
