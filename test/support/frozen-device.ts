import type { Answer } from './ask.ts';
import { ask, push } from './ask.ts';
import type { TestPod } from './pod.ts';
import { RawClient } from './raw-client.ts';

/** What is pushed to it: with a few dozen of these all buffers of the kernel are full. */
export const body = Buffer.alloc(65_536);

/** A device that reads nothing any more. */
export async function frozenDevice(pod: TestPod, deviceId = 'frozen'): Promise<RawClient> {
  const frozen = await RawClient.device(pod.device, deviceId);
  frozen.socket.pause();
  return frozen;
}

/** Lets the pod take up whatever was asked of it. */
export async function settle(pod: TestPod, turns = 20): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await ask(pod.admin, '/livez');
}

export interface Refused {
  refusal: Answer;
  /** Those that are here. */
  answers: Answer[];
  /** All of them once they are. */
  all: Promise<Answer[]>;
}

/** Pushes until the pod says backpressure. */
export async function pushUntilRefused(pod: TestPod, content = body): Promise<Refused> {
  const pending: Promise<Answer>[] = [];
  const answers: Answer[] = [];
  const one = async () => {
    const answer = await push(pod.callback, 'frozen', content);
    answers.push(answer);
    return answer;
  };
  const refusal = () => answers.find(({ status }) => status !== 200);
  while (!refusal()) {
    pending.push(one());
    await settle(pod, 1);
  }
  await settle(pod);
  return { refusal: refusal()!, answers, all: Promise.all(pending) };
}

/** Pushes to a device that reads nothing until a push is not answered any more. */
export async function fillUp(pod: TestPod, deviceId: string): Promise<void> {
  const answers: Answer[] = [];
  for (let sent = 1; answers.length === sent - 1; sent += 1) {
    push(pod.callback, deviceId, body).then(
      (answer) => answers.push(answer),
      () => {}, // cut at the end of the test
    );
    for (let turn = 0; turn < 100 && answers.length < sent; turn += 1) await ask(pod.admin, '/livez');
  }
}
