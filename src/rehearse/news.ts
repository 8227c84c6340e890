/** Lets somebody wait until a question is answered with yes; whoever changes something says so. */
export class News {
  readonly #waiting = new Set<() => void>();

  readonly changed = (): void => {
    for (const look of this.#waiting) look();
  };

  /** True once `ask` says so; false when it has not within this time. */
  until(ask: () => boolean, withinMs: number): Promise<boolean> {
    if (ask()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const end = (answer: boolean) => {
        this.#waiting.delete(look);
        clearTimeout(timer);
        resolve(answer);
      };
      const look = () => {
        if (ask()) end(true);
      };
      const timer = setTimeout(end, withinMs, false);
      this.#waiting.add(look);
    });
  }
}
