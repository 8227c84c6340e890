import { startPod } from '../pod.ts';
import type { HttpGet } from './objects.ts';

export interface Answer {
  status: number;
  text: string;
}

const answers = new Map<string, Promise<Answer>>();

/** What a pod answers to a request of the manifests. Each is sent once, to a pod of its own: one of them ends the pod. */
export function askPod({ port, path }: HttpGet): Promise<Answer> {
  const key = `${port} ${path}`;
  const answer = answers.get(key) ?? askNewPod(port, path);
  answers.set(key, answer);
  return answer;
}

async function askNewPod(port: string, path: string): Promise<Answer> {
  const pod = await startPod();
  const listeners: Record<string, string> = {
    device: `http://${pod.device}`,
    callback: pod.callback,
    admin: pod.admin,
  };
  const response = await fetch(`${listeners[port] ?? pod.admin}${path}`);
  const text = await response.text();
  await pod.stop();
  return { status: response.status, text };
}
