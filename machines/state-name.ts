import type { StateValue } from 'xstate';

/** `registered.idle` for `{ registered: 'idle' }`. */
export function stateName(value: StateValue): string {
  if (typeof value === 'string') return value;
  const [[parent, child] = []] = Object.entries(value);
  return `${parent}.${stateName(child!)}`;
}
