import fc from 'fast-check';
import { expect, it } from 'vitest';
import { TokenBucket } from '../../src/base/token-bucket.ts';

it('lets a second of them through at once, then none, then as many as time has earned', () => {
  const bucket = new TokenBucket(10, 0);
  const takeAll = (now: number) => {
    let taken = 0;
    while (bucket.take(now)) taken += 1;
    return taken;
  };

  const taken = [takeAll(0), takeAll(99), takeAll(200), takeAll(60_000)];

  expect(taken).toEqual([10, 0, 2, 10]);
});

it('lets everything through at 0', () => {
  const bucket = new TokenBucket(0, 0);

  const taken = Array.from({ length: 1000 }, () => bucket.take(0));

  expect(taken).not.toContain(false);
});

it('never lets more through than the time and one second have earned', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1000 }), fc.array(fc.nat(500), { maxLength: 500 }), (perSecond, pauses) => {
      const bucket = new TokenBucket(perSecond, 0);
      let now = 0;
      let taken = 0;

      for (const pause of pauses) {
        now += pause;
        if (bucket.take(now)) taken += 1;
      }

      expect(taken).toBeLessThanOrEqual(perSecond + (now / 1000) * perSecond + 1e-6);
    }),
  );
});
