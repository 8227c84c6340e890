import { describe, expect, it } from 'vitest';
import { openFilesWarning, parseLimits, shareSockets } from '../src/open-files.ts';

const limits = (soft: string) => `Limit                     Soft Limit           Hard Limit           Units
Max processes             63517                63517                processes
Max open files            ${soft.padEnd(20)} 1048576              files
Max locked memory         8388608              8388608              bytes
`;

describe('the limit of open files', () => {
  it.each([
    ['the soft limit', limits('1024'), 1024],
    ['none when it is unlimited', limits('unlimited'), undefined],
    ['unknown in a text without it', 'Limit\n', undefined],
  ])('is %s', (_what, text, expected) => {
    const limit = parseLimits(text);

    expect(limit).toBe(expected);
  });
});

describe('the shares of all sides', () => {
  it.each([150, 256, 1024, 20_000, 1_048_576])('stay below a limit of %i, and leave most of it to devices', (limit) => {
    const { devices, deviceSockets, callers, pods, admin } = shareSockets(limit);

    expect(deviceSockets + callers + pods + admin).toBeLessThanOrEqual(limit - 64);
    expect(deviceSockets).toBeGreaterThan(devices);
    expect(devices).toBeGreaterThan(callers);
  });

  it('are without a limit when the process has none', () => {
    const shares = shareSockets(undefined);

    expect(new Set(Object.values(shares))).toEqual(new Set([Infinity]));
  });

  it('let one device in, however low the limit is', () => {
    const { devices } = shareSockets(60);

    expect(devices).toBe(1);
  });
});

describe('the warning at start', () => {
  it.each([
    ['MAX_CONNECTIONS above it', 1024, 5000, 'MAX_CONNECTIONS=5000'],
    ['no MAX_CONNECTIONS and a low limit', 1024, 0, 'MAX_CONNECTIONS=0 sets no limit'],
  ])('names both numbers: %s', (_what, limit, maxConnections, sentence) => {
    const warning = openFilesWarning(limit, maxConnections);

    expect(warning).toContain(`The limit of open files is ${limit}`);
    expect(warning).toContain(`at most ${shareSockets(limit).devices} devices`);
    expect(warning).toContain(sentence);
  });

  it.each([
    ['MAX_CONNECTIONS fits', 1024, 500],
    ['no MAX_CONNECTIONS and a high limit', 1_048_576, 0],
    ['no limit', undefined, 0],
  ])('is not given: %s', (_what, limit, maxConnections) => {
    const warning = openFilesWarning(limit, maxConnections);

    expect(warning).toBeUndefined();
  });
});
