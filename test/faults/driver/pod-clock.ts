/** What the machine's clock of a pod may be ahead of the right time, ms. */
const wrong = [3_600_000, -3_600_000];

/** For one more pod: the first error that none of the others has. So there is always one pod ahead and one behind. */
export function nextClockError(others: readonly number[]): number {
  return wrong.find((error) => !others.includes(error)) ?? 0;
}

/** What Node is told besides the program, so that its machine's clock is off. Its monotonic clock stays as it is. */
export function clockArguments(error: number): string[] {
  if (error === 0) return [];
  const code = `
    const Real = Date;
    const now = () => Real.now() + ${error};
    globalThis.Date = class Date extends Real {
      static now = now;
      constructor(...given) {
        super(...(given.length === 0 ? [now()] : given));
      }
    };`;
  return ['--import', `data:text/javascript,${encodeURIComponent(code)}`];
}
