import type { PodAnswer, PodClient } from './internal/pod-client.ts';
import { PodError } from './internal/pod-exchange.ts';
import type { Deadline } from './deadline.ts';
import type { Message } from './message.ts';
import { pathOf } from './message.ts';
import type { Token } from './options.ts';
import type { Pod } from './route.ts';
import type { Answer } from './verdict.ts';
import { retryAfterOf } from './verdict.ts';

/** What came back, and `IP:PORT` of the pod that owns the device when the answer names it. */
export interface Reply {
  answer: Answer;
  owner: string | undefined;
}

/** One try with one pod. Rejects with a PodError when no answer came. */
export type Post = (pod: Pod, message: Message, deadline: Deadline) => Promise<Reply>;

/** The token of this moment, if there is one. */
export async function currentToken(token: Token | undefined): Promise<string | undefined> {
  return typeof token === 'function' ? token() : token;
}

/** Sends a message in a request of its own. */
export function createPost(client: PodClient, token: Token | undefined, answerTimeoutMs: number): Post {
  return async ({ address, port, podId }, message, deadline) => {
    const shown = await deadline.race(currentToken(token));
    const answer = await client.send({
      address,
      port,
      podId,
      token: shown,
      method: 'POST',
      path: pathOf(message, deadline.leftMs),
      headers: { ...message.headers, 'Content-Type': message.contentType },
      body: message.body,
      signal: deadline.signal,
      timeoutMs: answerTimeoutMs + message.ackWithinMs,
    });
    const owner = answer.headers['ws-connect-pod'];
    return { answer: readAnswer(answer), owner: typeof owner === 'string' ? owner : undefined };
  };
}

/** What an answer with a JSON body says. A 200 that does not name the connection comes from no pod: it is no answer. */
export function readAnswer({ status, headers, body }: PodAnswer): Answer {
  const json = parseObject(body.toString());
  const answer = { status, ...readMembers(json), retryAfterMs: retryAfterOf(headers['retry-after']) };
  if (status < 300 && (status !== 200 || answer.traceId === undefined || answer.podId === undefined)) {
    throw new PodError('broken', new Error(`the answer, status ${status}, does not name the connection`));
  }
  return answer;
}

/** What an answer's object says of a message; members of another type count as missing. */
export function readMembers(json: Record<string, unknown>): Omit<Answer, 'status'> {
  const text = (name: string) => (typeof json[name] === 'string' ? json[name] : undefined);
  const [code, detail, outcome, traceId, podId] = ['code', 'detail', 'outcome', 'traceId', 'podId'].map(text);
  return { code, detail, outcome, traceId, podId };
}

/** Empty when the text is no JSON object. */
export function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
