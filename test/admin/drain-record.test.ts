import { expect, it } from 'vitest';
import { SteppedClock } from '../../src/testing/stepped-clock.ts';
import { ask } from '../support/ask.ts';
import { runDevice, runPod } from '../support/running.ts';

it('the record of a pod says that it drains from the start of the drain', async () => {
  const clock = new SteppedClock(); // stands still, so that nothing but the start of the drain writes the record
  const pod = await runPod({ POD_UID: 'pod-a' }, undefined, clock);
  await pod.logged('ready');
  await runDevice(pod);
  const states = async () => {
    const { pods } = (await ask(pod.admin, '/pods')).json as { pods: { podId: string; state: string }[] };
    return pods.map(({ podId, state }) => `${podId} ${state}`);
  };

  const before = await states();
  pod.pod.terminate();

  expect(before).toEqual(['pod-a serving']);
  expect(await states()).toEqual(['pod-a draining']);
});
