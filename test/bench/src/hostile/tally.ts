/** Counts what happens by a word for it. */
export class BufferedCounter {
  readonly #counts = new Map<string, number>();

  add(word: string, count = 1): void {
    this.#counts.set(word, (this.#counts.get(word) ?? 0) + count);
  }

  /** `200 × 3, 503 × 1`, the most frequent first. */
  toString(): string {
    const sorted = [...this.#counts].sort(([, a], [, b]) => b - a);
    return sorted.map(([word, count]) => `${word} × ${count.toLocaleString('en')}`).join(', ') || 'none';
  }
}
