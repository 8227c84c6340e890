import { expect, it } from 'vitest';
import { Episode } from '../../src/base/episode.ts';
import { SteppedClock } from '../../src/testing/stepped-clock.ts';

/** An episode, and what it has told so far. */
function runEpisode() {
  const clock = new SteppedClock();
  const told: string[] = [];
  const episode = new Episode(clock, {
    begins: () => void told.push('begins'),
    ends: (times) => void told.push(`ends after ${times}`),
  });
  return { clock, told, episode };
}

it('tells of a thousand times once, and once more when it is over', async () => {
  const { clock, told, episode } = runEpisode();
  for (let times = 0; times < 1000; times += 1) episode.happened();

  await clock.pass(60_000, 1000);

  expect(told).toEqual(['begins', 'ends after 1000']);
});

it('goes on for as long as it happens at least every 10 seconds', async () => {
  const { clock, told, episode } = runEpisode();
  for (let times = 0; times < 10; times += 1) {
    episode.happened();
    await clock.pass(9000, 1000);
  }
  const before = [...told];

  await clock.pass(1000, 1000);

  expect(before).toEqual(['begins']);
  expect(told).toEqual(['begins', 'ends after 10']);
});

it('begins anew after its end', async () => {
  const { clock, told, episode } = runEpisode();
  episode.happened();
  await clock.pass(10_000, 1000);

  episode.happened();
  await clock.pass(10_000, 1000);

  expect(told).toEqual(['begins', 'ends after 1', 'begins', 'ends after 1']);
});
