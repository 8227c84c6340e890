/** Listeners for events by name, with the type each event has in `Events`. */
export class Emitter<Events> {
  readonly #listeners = new Map<keyof Events, Set<(event: never) => unknown>>();

  /** Returns what takes the listener away again. */
  on<Type extends keyof Events>(type: Type, listener: (event: Events[Type]) => unknown): () => void {
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners.add(listener));
    return () => {
      listeners.delete(listener);
    };
  }

  /**
   * Calls every listener there is now, as soon as the code that emits is through: a listener never finds it halfway. What each
   * returns, in promises; one that throws rejects.
   */
  emit<Type extends keyof Events>(type: Type, event: Events[Type]): Promise<unknown>[] {
    const listeners = [...(this.#listeners.get(type) ?? [])] as ((event: Events[Type]) => unknown)[];
    return listeners.map((listener) => Promise.resolve(event).then(listener));
  }
}
