import type { PodRecord } from '../../src/registry/registry.ts';

export function podRecord(overrides: Partial<PodRecord> = {}): PodRecord {
  return {
    serverIp: '10.0.0.1',
    port: 8081,
    state: 'serving',
    connections: 3,
    startedAt: '2026-01-01T00:00:00.000Z',
    ...overrides,
  };
}
