/** Where a line wants to touch one side of a box. */
export interface Dock {
  /** It has to be just there, for the line goes on beyond the border. */
  isFixed: boolean;
  x: number;
}

const gap = 14;
/** From a corner, which is round. */
const corner = 14;

interface Side {
  left: number;
  right: number;
  /** Where something else is already. */
  taken: readonly number[];
}

/** Gives each its place on a side, as near to the one it wants as it can be without touching another. */
export function spread<TDock extends Dock>(docks: readonly TDock[], { left, right, taken }: Side): Map<TDock, number> {
  const places = new Map<TDock, number>();
  for (const dock of docks) if (dock.isFixed) places.set(dock, dock.x);
  const isFree = (x: number) => [...taken, ...places.values()].every((other) => Math.abs(other - x) >= gap);
  const room = right - left > 2 * corner ? { from: left + corner, to: right - corner } : middle(left, right);
  for (const dock of docks.filter(({ isFixed }) => !isFixed).sort((a, b) => a.x - b.x)) {
    const wanted = Math.min(Math.max(dock.x, room.from), room.to);
    places.set(dock, nearby(wanted, room).find(isFree) ?? wanted);
  }
  return places;
}

/** A dot, and a gate in a border, have no room to the sides. */
function middle(left: number, right: number) {
  return { from: (left + right) / 2, to: (left + right) / 2 };
}

/** Ever further away, to both sides in turn. */
function nearby(x: number, { from, to }: { from: number; to: number }): number[] {
  const places = [x];
  for (let step = gap / 2; step <= to - from; step += gap / 2) places.push(x + step, x - step);
  return places.filter((place) => place >= from && place <= to);
}
