import { byId, setText } from './dom.ts';
import { clockTime, count, duration } from './format.ts';
import type { Overview } from './wire.ts';

/** The head of the page: which pod, how it is, and whether what is shown is of now. */
export class Status {
  #latest: Overview | undefined;
  #heardAt = 0;
  #timer = 0;

  show(overview: Overview): void {
    const { podId, state, connections, isRegistryUp } = overview;
    this.#latest = overview;
    this.#heardAt = Date.now();
    document.title = `${state} · ${count(connections)} · ws-connect`;
    setText(byId('pod-id', HTMLElement), podId);
    const badge = byId('pod-state', HTMLElement);
    setText(badge, state);
    badge.dataset['phase'] = state.split('.')[0];
    const registry = byId('pod-registry', HTMLElement);
    setText(registry, isRegistryUp ? 'registry up' : 'registry down');
    registry.dataset['phase'] = isRegistryUp ? 'serving' : 'stopped';
  }

  up(): void {
    clearInterval(this.#timer);
    document.body.classList.remove('stale');
    byId('lost', HTMLDivElement).hidden = true;
    setText(byId('stream', HTMLElement), 'live');
  }

  down(): void {
    const heardAt = this.#heardAt;
    document.body.classList.add('stale');
    setText(byId('stream', HTMLElement), 'not live');
    setText(byId('lost-text', HTMLElement), whatWasLast(this.#latest));
    byId('lost', HTMLDivElement).hidden = false;
    clearInterval(this.#timer);
    const age = () => setText(byId('lost-for', HTMLElement), heardAt ? `${duration(Date.now() - heardAt)} ago` : '');
    age();
    this.#timer = setInterval(age, 1000);
  }
}

function whatWasLast(latest: Overview | undefined): string {
  if (!latest) return 'The pod does not answer. Trying again.';
  const { at, state, connections, podId } = latest;
  if (state === 'stopped')
    return `Pod ${podId} has stopped, with ${count(connections)} connections left. Last heard at ${clockTime(at)} UTC.`;
  return `The pod does not answer. Below is its last known state, ${state}, of ${clockTime(at)} UTC. Trying again.`;
}
