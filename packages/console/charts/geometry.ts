/** Places and sizes in px, from the upper left corner of the picture. */

export interface Point {
  x: number;
  y: number;
}

export interface Size {
  width: number;
  height: number;
}

/** Tenths are fine enough, and keep the text short. */
export function px(length: number): string {
  return String(Math.round(length * 10) / 10);
}
