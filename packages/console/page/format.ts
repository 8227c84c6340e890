/** Numbers and times for people. */

const counts = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

export function count(value: number): string {
  return counts.format(value);
}

/** `12`, `3.4`, `0.1`: per second. */
export function rate(value: number): string {
  return value >= 10 ? count(value) : String(Math.round(value * 10) / 10);
}

/** `0.4 ms`, `31 ms`, `1.2 s`. */
export function latency(ms: number): string {
  if (ms >= 1000) return `${rate(ms / 1000)} s`;
  return `${rate(ms)} ms`;
}

/** `7 s`, `3 min 20 s`, `2 h 5 min`, `4 d 1 h`: its two largest units. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ];
  const first = parts.findIndex(([value]) => value > 0);
  if (first === -1) return '0 s';
  const [large, small] = parts.slice(first, first + 2);
  return [large!, ...(small && small[0] > 0 ? [small] : [])].map(([value, unit]) => `${value} ${unit}`).join(' ');
}

export function bytes(value: number): string {
  if (value < 1000) return `${value} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length, Math.floor(Math.log10(value) / 3));
  return `${rate(value / 1000 ** power)} ${units[power - 1]}`;
}

/** The time of day of an ISO 8601 UTC string, as the log has it. */
export function clockTime(iso: string, precision: 's' | 'ms' = 's'): string {
  return iso.slice(11, precision === 's' ? 19 : 23);
}

/** `2026-11-23 21:30:05`. */
export function dateTime(iso: string): string {
  return `${iso.slice(0, 10)} ${clockTime(iso)}`;
}

export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}
