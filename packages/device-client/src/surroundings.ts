/** What the client hears of the machine it runs on. */
export interface SurroundingsListener {
  online(): void;
  offline(): void;
  /** The page is looked at again. */
  visible(): void;
}

/** Time, chance and the page: everything the client has around it. Tests bring their own. */
export interface Surroundings {
  /** Milliseconds from a fixed point; never goes back, and may stand still while the machine sleeps. */
  now(): number;
  /** Milliseconds since 1970: goes on while the machine sleeps, and may jump. */
  wallTime(): number;
  setTimeout(run: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
  /** From 0 to below 1. */
  random(): number;
  /** False only when the browser says so. */
  isOnline(): boolean;
  /** Returns what ends the listening. Where there is no page there is nothing to hear. */
  listen(listener: SurroundingsListener): () => void;
}

interface EventSource {
  addEventListener?(type: string, listener: () => void): void;
  removeEventListener?(type: string, listener: () => void): void;
}

/** The globals of a browser, a worker or Node: none of the three has all of them. */
interface Globals extends EventSource {
  readonly performance: { now(): number };
  readonly navigator?: { readonly onLine?: boolean };
  readonly document?: EventSource & { readonly visibilityState?: string };
  readonly console: { error(error: unknown): void };
  setTimeout(run: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
}

const globals = globalThis as unknown as Globals;

export const surroundings: Surroundings = {
  now: () => globals.performance.now(),
  wallTime: () => Date.now(),
  setTimeout: (run, ms) => globals.setTimeout(run, ms),
  clearTimeout: (timer) => globals.clearTimeout(timer),
  random: () => Math.random(),
  isOnline: () => globals.navigator?.onLine !== false,
  listen(listener) {
    const { document } = globals;
    const seen = () => {
      if (document?.visibilityState === 'visible') listener.visible();
    };
    const heard: [EventSource | undefined, string, () => void][] = [
      [globals, 'online', () => listener.online()],
      [globals, 'offline', () => listener.offline()],
      [document, 'visibilitychange', seen],
    ];
    for (const [source, type, run] of heard) source?.addEventListener?.(type, run);
    return () => {
      for (const [source, type, run] of heard) source?.removeEventListener?.(type, run);
    };
  },
};

/** For what nobody listens to. */
export function logError(error: unknown): void {
  globals.console.error(error);
}
