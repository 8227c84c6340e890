export interface StreamOptions {
  /** By the event's name. */
  on: Record<string, (value: unknown) => void>;
  up: () => void;
  /** It has broken, and is opened again by itself. Both are told once each time. */
  down: () => void;
  /** With nothing heard for this long it counts as broken, ms. */
  silentMs: number;
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
    this.#reopenIn(this.#options.silentMs);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = undefined;
  }

  #heard(): void {
    this.#tell(true);
    this.#reopenIn(this.#options.silentMs);
  }

  #broken(): void {
    this.#tell(false);
    if (this.#source?.readyState === EventSource.CLOSED) this.#reopenIn(againMs);
  }

  #reopenIn(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#tell(false);
      this.open();
    }, ms);
  }

  #tell(isUp: boolean): void {
    if (isUp === this.#isUp) return;
    this.#isUp = isUp;
    if (isUp) this.#options.up();
    else this.#options.down();
  }
}
