export interface StreamOptions {
  /** By the event's name. */
  on: Record<string, (value: unknown) => void>;
  up: () => void;
  /** It has broken, and is opened again by itself. Both are told once each time. */
  down: () => void;
  /** With nothing heard for this long it counts as broken, ms. By default it may be silent. */
  silentMs?: number;
}

/** When it is tried again after a refusal, ms. After a broken connection the server says when. */
const againMs = 3000;

/** Server-sent events of this pod, for as long as it is open. */
export class Stream {
  readonly #url: string;
  readonly #options: StreamOptions;
  #source: EventSource | undefined;
  #timer = 0;
  #isUp: boolean | undefined;

  constructor(url: string, options: StreamOptions) {
    this.#url = url;
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#source !== undefined;
  }

  open(): void {
    this.close();
    const source = new EventSource(this.#url);
    this.#source = source;
    source.addEventListener('open', () => this.#heard());
    source.addEventListener('error', () => this.#broken());
    for (const [name, told] of Object.entries(this.#options.on)) {
      source.addEventListener(name, ({ data }: MessageEvent<string>) => {
        this.#heard();
        told(JSON.parse(data));
      });
    }
    this.#watch();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = undefined;
  }

  #heard(): void {
    if (this.#isUp !== true) this.#options.up();
    this.#isUp = true;
    this.#watch();
  }

  #broken(): void {
    if (this.#isUp !== false) this.#options.down();
    this.#isUp = false;
    if (this.#source?.readyState === EventSource.CLOSED) this.#reopenIn(againMs);
  }

  #watch(): void {
    const { silentMs } = this.#options;
    if (silentMs !== undefined) this.#reopenIn(silentMs);
  }

  #reopenIn(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (this.#isUp !== false) this.#options.down();
      this.#isUp = false;
      this.open();
    }, ms);
  }
}
