import type { Chart, ChartArrow, ChartState } from './chart.ts';

/** An end of a segment: a child of the level, or the border of the level itself. */
export type End = ChartState | 'border';

/**
 * The piece of an arrow that is drawn within one state, its level. An arrow that leaves or enters nested states crosses their
 * borders, and has a piece on each side.
 */
export interface Segment {
  level: ChartState;
  arrow: ChartArrow;
  source: End;
  target: End;
  /** It is drawn within the state that holds both ends of the arrow; the labels stand here. */
  isMain: boolean;
}

/** The segments of an arrow one after the other, from its beginning to its end. */
export function cutIntoSegments({ arrows }: Chart): Segment[] {
  return arrows.flatMap((arrow) => {
    const { from, to } = arrow;
    const home = homeOf(from, to);
    return [
      ...levelsBetween(from, home).map((level) => segment(level, arrow, childToward(level, from), 'border')),
      { ...segment(home, arrow, endAt(home, from), endAt(home, to)), isMain: true },
      ...levelsBetween(to, home)
        .toReversed()
        .map((level) => segment(level, arrow, 'border', childToward(level, to))),
    ];
  });
}

function segment(level: ChartState, arrow: ChartArrow, source: End, target: End): Segment {
  return { level, arrow, source, target, isMain: false };
}

/** The innermost state that holds both; it may be one of them. */
function homeOf(from: ChartState, to: ChartState): ChartState {
  return isWithin(to, from) ? from : homeOf(from.parent!, to);
}

function isWithin(state: ChartState, ancestor: ChartState): boolean {
  return state === ancestor || (state.parent !== undefined && isWithin(state.parent, ancestor));
}

/** The states around `state` that are inside `home`, from the inside out. */
function levelsBetween(state: ChartState, home: ChartState): ChartState[] {
  if (state === home || state.parent === home) return [];
  return [state.parent!, ...levelsBetween(state.parent!, home)];
}

function endAt(level: ChartState, state: ChartState): End {
  return state === level ? 'border' : childToward(level, state);
}

function childToward(level: ChartState, state: ChartState): ChartState {
  return state.parent === level ? state : childToward(level, state.parent!);
}
