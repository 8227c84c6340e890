import type { Claim } from '../../src/registry/registry.ts';

export function claim(overrides: Partial<Claim> = {}): Claim {
  return {
    deviceId: 'device-1',
    serverIp: '10.0.0.1',
    port: 8081,
    traceId: 'trace-1',
    podId: 'pod-1',
    ...overrides,
  };
}
