import { expect, it } from 'vitest';
import { runDevice, runPod } from '../support/running.ts';
import { adminSteps } from '../support/walk/admin-steps.ts';
import { sendByNode } from '../support/walk/senders.ts';
import { documented, verify } from '../support/walk/documented.ts';
import { statusOf } from '../support/walk/step.ts';

it('operators and the kubelet get every answer that is documented and no other', async () => {
  const [pod, cutOff] = await Promise.all([runPod(), runPod({ REDIS_URL: 'redis://127.0.0.1:1' })]);
  const device = await runDevice(pod, 'lamp-1');
  const bases = { pod: pod.admin, cutOff: cutOff.admin };
  const produced = new Set<string>();

  for (const step of adminSteps) {
    if (step.request.path === '/pre-stop') device.vanish();
    const answer = await sendByNode(bases[step.to], step.request);
    expect.soft(answer.status, JSON.stringify(step)).toBe(statusOf(step));
    produced.add(verify(step, answer));
  }

  expect([...produced].toSorted()).toEqual(documented('admin').toSorted());
});
