import type { Claim } from '../../src/registry/registry.ts';

/** A claim of now; with a `t` that is given, of a connection that has had its entry before. */
export function claim(overrides: Partial<Claim> = {}): Claim {
  return {
    deviceId: 'device-1',
    serverIp: '10.0.0.1',
    port: 8081,
    traceId: 'trace-1',
    podId: 'pod-1',
    t: Date.now(),
    isFirst: overrides.t === undefined,
    ...overrides,
  };
}
