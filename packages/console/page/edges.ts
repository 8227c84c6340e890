import { isWithin } from './history.ts';
import type { Flow } from './wire.ts';

/** A transition as it is drawn: at the state that defines it, which may be one around the one a connection is in. */
export interface Edge {
  from: string;
  event: string;
  to: string;
}

/** The transition that a connection took from one innermost state to another; undefined for its beginning. */
export function edgeOf<TEdge extends Edge>(
  { from, event, to }: Omit<Flow, 'count'>,
  edges: readonly TEdge[],
): TEdge | undefined {
  if (from === null) return undefined;
  const fitting = edges.filter((edge) => edge.event === event && isWithin(from, edge.from) && isWithin(to, edge.to));
  return fitting.sort((a, b) => b.from.length - a.from.length)[0];
}
