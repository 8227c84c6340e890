import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bearerToken } from '../../src/http/bearer.ts';
import { offeredTokens } from '../../src/connections/protocol/subprotocols.ts';

const tokens = fc.stringMatching(/^[\w.~+/-]{1,200}={0,2}$/);

describe('the token of an Authorization header', () => {
  it('is what follows Bearer, in whatever case, and the spaces after it', () => {
    fc.assert(
      fc.property(
        tokens,
        fc.constantFrom('Bearer', 'bearer', 'BEARER'),
        fc.integer({ min: 1, max: 4 }),
        (token, scheme, n) => {
          expect(bearerToken(`${scheme}${' '.repeat(n)}${token}`)).toBe(token);
        },
      ),
    );
  });

  it.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'Basic YTpi',
    'Bearerabc',
    'Bearer a b',
    'Bearer a,b',
    'x Bearer abc',
    'Bearer =a',
  ])('is none in %j', (header) => {
    expect(bearerToken(header)).toBeUndefined();
  });

  it('is looked for in a time that grows with the header and no faster', () => {
    const startedAt = performance.now();

    const found = bearerToken(`Bearer ${' '.repeat(8000)}${'a='.repeat(8000)}`);

    expect(found).toBeUndefined();
    expect(performance.now() - startedAt).toBeLessThan(500);
  });
});

it('the tokens among subprotocols are those after "bearer.", whatever stands beside them', () => {
  const others = fc.constantFrom('ws-connect.plain', 'ws-connect.v1', 'mqtt', 'bearer', 'xbearer.a');
  fc.assert(
    fc.property(fc.stringMatching(/^[\w.-]{1,99}$/), fc.array(others), fc.array(others), (token, before, after) => {
      const offered = [...before, `bearer.${token}`, ...after].join(', ');

      expect(offeredTokens(offered)).toEqual([token]);
    }),
  );
});
