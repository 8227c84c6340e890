/** Full jitter: anything up to a bound that doubles with every failure, ms. */
export function backoffMs(
  random: () => number,
  failures: number,
  { firstMs, mostMs }: { firstMs: number; mostMs: number },
): number {
  return random() * Math.min(firstMs * 2 ** failures, mostMs);
}
