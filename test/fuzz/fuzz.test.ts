import { describe, expect, it } from 'vitest';
import { bytesOf, fuzzCase } from './fuzz-case.ts';
import { failureText, fuzz } from './run.ts';

const cases = 400;

describe('a short run of the fuzzer does no harm', () => {
  it.each([
    ['without tokens', false],
    ['with tokens', true],
  ])(
    'to a pod %s',
    async (_, withTokens) => {
      const options = { seed: 38, withTokens, goesOn: (played: number) => played < cases };

      const { failure, callbacks } = await fuzz(options);

      expect(failure && failureText(failure, options)).toBeUndefined();
      expect(callbacks).toBeGreaterThan(0);
    },
    120_000,
  );
});

describe('a case of the fuzzer', () => {
  it('is the same for the same seed', () => {
    for (let number = 0; number < 100; number += 1) {
      const [first, second] = [fuzzCase(7, number), fuzzCase(7, number)];
      expect(bytesOf(second).equals(bytesOf(first))).toBe(true);
      expect(second.steps).toHaveLength(first.steps.length);
    }
  });

  it('is another for another seed or number', () => {
    const texts = [1, 2].flatMap((seed) =>
      [1, 2, 3].map((number) => bytesOf(fuzzCase(seed, number)).toString('latin1')),
    );

    expect(new Set(texts).size).toBe(6);
  });

  it('never asks for the end of the pod', () => {
    for (let number = 0; number < 500; number += 1) {
      expect(bytesOf(fuzzCase(3, number)).includes('/pre-stop')).toBe(false);
    }
  });
});
