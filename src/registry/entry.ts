import type { Entry } from './registry.ts';

/** Another program may have written the key: what is no entry counts as none. */
export function parseEntry(text: string | null): Entry | undefined {
  if (!text) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isEntry(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isEntry(value: unknown): value is Entry {
  if (typeof value !== 'object' || value === null) return false;
  const entry = value as Partial<Record<keyof Entry, unknown>>;
  return (
    typeof entry.serverIp === 'string' &&
    typeof entry.port === 'number' &&
    typeof entry.traceId === 'string' &&
    typeof entry.podId === 'string' &&
    Number.isSafeInteger(entry.t)
  );
}
