import { once } from 'node:events';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { request } from 'node:http';
import { onTestFinished } from 'vitest';
import type { Answer, Question } from './ask.ts';
import { ask } from './ask.ts';

/** A line of the answer. */
export interface Result {
  deviceId: string | null;
  status: number;
  code?: string;
  line?: number;
}

const contentType = 'application/x-ndjson';

/** Objects as JSON, each on a line; strings and bytes as they stand. */
export function ndjson(lines: readonly (object | string)[]): Buffer {
  const end = Buffer.from('\n');
  const bytes = lines.map((line) => (Buffer.isBuffer(line) ? line : Buffer.from(textOf(line))));
  return Buffer.concat(bytes.flatMap((line) => [line, end]));
}

function textOf(line: object | string): string {
  return typeof line === 'string' ? line : JSON.stringify(line);
}

/** A whole batch at once, and its results. */
export async function pushBatch(
  base: string,
  body: Buffer | string,
  { query = '', headers = {}, agent }: Pick<Question, 'headers' | 'agent'> & { query?: string } = {},
): Promise<Answer & { results: Result[] }> {
  const answer = await ask(base, `/callback${query}`, {
    method: 'POST',
    body,
    agent,
    headers: { 'Content-Type': contentType, ...headers },
  });
  return { ...answer, results: parseResults(answer.body.toString()) };
}

/** The results of these lines, without the answer around them. */
export async function resultsOf(base: string, ...lines: (object | string)[]): Promise<Result[]> {
  const { results } = await pushBatch(base, ndjson(lines));
  return results;
}

/** A batch that is sent and read piece by piece. */
export class BatchCaller {
  readonly outgoing: ClientRequest;
  response: IncomingMessage | undefined;
  readonly results: Result[] = [];
  /** Resolves with whether the answer came to its end, rather than being cut. */
  readonly ended: Promise<boolean>;
  #begun = '';
  #waiting: (() => void)[] = [];

  private constructor(base: string, query: string, headers: Record<string, string>) {
    const { hostname, port } = new URL(base);
    const path = `/callback${query}`;
    this.outgoing = request({
      hostname,
      port,
      path,
      method: 'POST',
      headers: { 'Content-Type': contentType, ...headers },
    });
    this.outgoing.on('error', () => {}); // seen by how the answer ends
    this.ended = new Promise((resolve) => {
      this.outgoing.once('response', (response: IncomingMessage) => {
        this.response = response;
        response.on('data', (chunk: Buffer) => this.#read(chunk.toString()));
        response.on('error', () => {}); // 'close' follows
        response.once('close', () => resolve(response.complete));
      });
    });
    onTestFinished(() => {
      this.outgoing.destroy();
    });
  }

  /** Resolves once the head of the answer is here. */
  static async start(base: string, query = '', headers: Record<string, string> = {}): Promise<BatchCaller> {
    const caller = new BatchCaller(base, query, headers);
    caller.outgoing.flushHeaders();
    await once(caller.outgoing, 'response');
    return caller;
  }

  send(...lines: (object | string)[]): boolean {
    return this.outgoing.write(ndjson(lines));
  }

  end(): void {
    this.outgoing.end();
  }

  /** Resolves with the first `count` results once they are here. */
  async received(count: number): Promise<Result[]> {
    while (this.results.length < count) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.results.slice(0, count);
  }

  #read(text: string): void {
    const end = text.lastIndexOf('\n');
    if (end === -1) {
      this.#begun += text;
      return;
    }
    this.results.push(...parseResults(this.#begun + text.slice(0, end)));
    this.#begun = text.slice(end + 1);
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

function parseResults(text: string): Result[] {
  const lines = text.split('\n').filter((line) => line !== '');
  return text.startsWith('{"type"') ? [] : lines.map((line) => JSON.parse(line) as Result);
}
