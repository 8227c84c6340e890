import { setImmediate } from 'node:timers/promises';

/** Asks again and again until the answer is truthy, and returns it. For facts that send no event; the test's own timeout bounds it. */
export async function until<T>(ask: () => T | Promise<T>): Promise<Exclude<T, undefined | null | false | 0 | ''>> {
  for (;;) {
    const answer = await ask();
    if (answer) return answer as Exclude<T, undefined | null | false | 0 | ''>;
    await setImmediate();
  }
}
