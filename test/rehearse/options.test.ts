import { describe, expect, it } from 'vitest';
import { rehearseHelpText } from '../../src/rehearse/help.ts';
import { parseRehearseOptions } from '../../src/rehearse/options.ts';
import { UsageError } from '../../src/base/usage-error.ts';

const parse = (line: string) => parseRehearseOptions(line === '' ? [] : line.split(' '));

describe('the options of a rehearsal', () => {
  it('suit a laptop by default', () => {
    expect(parse('')).toMatchObject({
      pods: 3,
      devices: 300,
      parked: 80,
      slow: 5,
      rate: 50,
      hook: 'once',
      lagMs: 1000,
      balance: 'round-robin',
      overlap: false,
      json: false,
      elsewhere: undefined,
      redisUrl: undefined,
      limits: { lost: 0, duplicated: undefined, gapP99Ms: undefined, peakRatio: undefined },
      podEnvironment: {},
    });
  });

  it('become variables of the pods where there is one', () => {
    expect(parse('--pace burst --sweeps 5 --grace-ms 20000').podEnvironment).toEqual({
      DRAIN_PACE: 'burst',
      DRAIN_SWEEPS: '5',
      TERMINATION_GRACE_MS: '20000',
    });
  });

  it('become limits', () => {
    const { limits } = parse('--max-lost 2 --max-duplicated 3 --max-gap-p99-ms 4000 --max-peak-ratio 1.5');

    expect(limits).toEqual({ lost: 2, duplicated: 3, gapP99Ms: 4000, peakRatio: 1.5 });
  });

  it('name a fleet elsewhere', () => {
    const { elsewhere } = parse('--devices-at ws://lb:80/ --callbacks-at http://a:8081,http://b:8081/ --seconds 5');

    expect(elsewhere).toEqual({
      devicesAt: 'ws://lb:80',
      callbacksAt: ['http://a:8081', 'http://b:8081'],
      seconds: 5,
    });
  });

  it.each([
    ['--pods 0', '--pods 0 is not allowed. Use a whole number'],
    ['--pods many', '--pods many is not allowed. Use'],
    ['--pods -1', '--pods'],
    ['--pods 1.5', 'a whole number from 1 to 50'],
    ['--max-peak-ratio much', 'such as 2 or 1.5'],
    ['--hook thrice', '--hook thrice is not allowed. Use once or twice or never'],
    ['--pace slow', '--pace slow is not allowed. Use even or burst'],
    ['--parked 90 --slow 20', 'more than 100 percent'],
    ['--redis localhost', '--redis *** is not allowed. Use a URL as for REDIS_URL'],
    ['--devices-at http://lb --callbacks-at http://a', '--devices-at *** is not allowed. Use'],
    ['--devices-at ws://lb --callbacks-at http://a,b', '--callbacks-at *** is not allowed. Use'],
    ['--devices-at ws://lb', '--callbacks-at'],
    ['--callbacks-at http://a', '--devices-at'],
    ['--prods 3', '--prods'],
    ['now', 'now'],
  ])('%j are refused, with what is wrong and a way to help', (line, named) => {
    const attempt = () => parse(line);

    expect(attempt).toThrow(UsageError);
    expect(attempt).toThrow(named);
    expect(attempt).toThrow('ws-connect rehearse --help');
  });
});

it('a Redis URL that is refused is not repeated, for it may hold a password', () => {
  const attempt = () => parse('--redis redis://me:secret@/?x');

  expect(attempt).toThrow(UsageError);
  expect(attempt).not.toThrow('secret');
});

it('the help names every option and its default', () => {
  const text = rehearseHelpText();

  for (const name of ['--pods N', '--parked PERCENT', '--hook once|twice|never', '--callbacks-at', '--max-lost N']) {
    expect(text).toContain(name);
  }
  expect(text).toContain('number of pods; default 3\n');
});
