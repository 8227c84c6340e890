export type Way = 'ours' | 'stock';

/** A population that takes longer to build stays as large as it is by then, ms. */
export const buildForMs = 60_000;

export interface Built {
  size: number;
  buildMs: number;
  /** What the supervisor and its actors keep per connection; the socket itself is not in it. */
  heapBytes: number;
}

/** CPU per connection, µs. */
export interface Lives {
  birth: number;
  death: number;
}

export interface Round extends Lives {
  /** A sweep's look at a connection that is not idle, and at one that is. */
  lookActive: number;
  lookIdle: number;
}
