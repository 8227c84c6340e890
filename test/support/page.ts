import { vi } from 'vitest';

/** A browser's page around the client: the globals it looks at, until the test is over. */
export class Page {
  readonly #window = new EventTarget();
  readonly #document = Object.assign(new EventTarget(), { visibilityState: 'visible' });
  readonly #navigator = { onLine: true };

  constructor() {
    vi.stubGlobal('addEventListener', this.#window.addEventListener.bind(this.#window));
    vi.stubGlobal('removeEventListener', this.#window.removeEventListener.bind(this.#window));
    vi.stubGlobal('document', this.#document);
    vi.stubGlobal('navigator', this.#navigator);
  }

  goOffline(): void {
    this.#navigator.onLine = false;
    this.#window.dispatchEvent(new Event('offline'));
  }

  goOnline(): void {
    this.#navigator.onLine = true;
    this.#window.dispatchEvent(new Event('online'));
  }

  show(visibilityState: 'visible' | 'hidden'): void {
    this.#document.visibilityState = visibilityState;
    this.#document.dispatchEvent(new Event('visibilitychange'));
  }
}
