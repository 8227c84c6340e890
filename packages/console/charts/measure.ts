import type { ChartArrow, ChartState } from './chart.ts';
import type { Size } from './geometry.ts';

/** Sizes in px. All text is monospaced: nothing here can measure text, and these widths are known. */
export const nameSize = 13;
export const labelSize = 11;
export const lineHeight = 15;
/** The top of a state, with its name. */
export const headHeight = 38;
export const padding = 14;
export const dotSize = 12;
/** What the count of a state needs beside its name, and the flow of a transition beside its label. */
const countWidth = 40;
const flowWidth = 44;
const advance = 0.602;

export function widthOfName({ name }: ChartState): number {
  return name.length * nameSize * advance;
}

export function sizeOfLabel({ labels }: ChartArrow): Size {
  const longest = Math.max(...labels.map(({ text }) => text.length));
  return { width: longest * labelSize * advance + flowWidth, height: labels.length * lineHeight };
}

/** A state without children, or the head of one that has them. */
export function sizeOfHead(state: ChartState): Size {
  const { reactions } = state;
  const widths = reactions.map(({ text }) => text.length * labelSize * advance + flowWidth);
  const width = Math.max(widthOfName(state) + countWidth, ...widths) + 2 * padding;
  return { width, height: headHeight + (reactions.length > 0 ? reactions.length * lineHeight + padding / 2 : 0) };
}
