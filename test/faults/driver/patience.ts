import { setTimeout as delay } from 'node:timers/promises';

/** From one look to the next, ms. */
const lookMs = 25;

/** Looks until the answer is truthy, for as long as `withinMs`. Says whether it was. An error counts as no. */
export async function settles(withinMs: number, ask: () => boolean | Promise<boolean>): Promise<boolean> {
  const endsAt = performance.now() + withinMs;
  while (performance.now() < endsAt) {
    try {
      if (await ask()) return true;
    } catch {
      // whom it asks may be killed just now
    }
    await delay(lookMs);
  }
  return false;
}

/** Rejects when `work` has not ended within this time, ms. */
export async function within<T>(what: string, ms: number, work: Promise<T>): Promise<T> {
  const over = new AbortController();
  const late = async (): Promise<never> => {
    await delay(ms, undefined, { signal: over.signal });
    throw new Error(`${what} took more than ${ms} ms`);
  };
  try {
    return await Promise.race([work, late()]);
  } finally {
    over.abort();
  }
}
