import { request } from 'node:http';
import type { IncomingHttpHeaders, RequestOptions, IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import { until } from './until.ts';

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
  /** The body as JSON; undefined when it is empty. */
  json: unknown;
}

export interface Question extends Pick<RequestOptions, 'agent'> {
  method?: string;
  headers?: Record<string, string>;
  body?: Buffer | string | undefined;
  /** Node's client says `Content-Length: 0` with a POST without a body; this leaves it out. */
  hasNoLength?: boolean;
}

/** One HTTP request. Unlike `fetch` it sends `path` as it stands, dots and all. */
export async function ask(base: string, path: string, question: Question = {}): Promise<Answer> {
  const { method = 'GET', headers = {}, body, agent, hasNoLength = false } = question;
  const { hostname: bracketed, port } = new URL(base);
  const hostname = bracketed.replace(/^\[(.*)\]$/, '$1');
  const length = body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) };
  const outgoing = request({ hostname, port, path, method, agent, headers: { ...length, ...headers } });
  if (hasNoLength) for (const name of ['Content-Length', 'Transfer-Encoding']) outgoing.removeHeader(name);
  outgoing.end(body);
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  outgoing.on('error', () => {}); // it may come a second time, while the answer is read
  return answerOf(response.statusCode!, response.headers, await buffer(response));
}

export function answerOf(status: number, headers: IncomingHttpHeaders, body: Buffer): Answer {
  const isJson = /[/+]json\b/.test(headers['content-type'] ?? '') && body.length > 0;
  return { status, headers, body, json: isJson ? JSON.parse(body.toString()) : undefined };
}

/** Pushes `body` to a device through the callback listener at `base`. */
export function push(
  base: string,
  deviceId: string,
  body: Buffer | string = 'hello',
  headers: Record<string, string> = {},
): Promise<Answer> {
  return ask(base, `/callback/${deviceId}`, { method: 'POST', body, headers });
}

/** The value of one metric, labels and all as they stand in the exposition; 0 when it is not there. */
export async function metric(admin: string, series: string): Promise<number> {
  return (await metrics(admin, series))[series] ?? 0;
}

/** All series whose name begins like this, by their name and labels. */
export async function metrics(admin: string, prefix: string): Promise<Record<string, number>> {
  const { body } = await ask(admin, '/metrics');
  const lines = body
    .toString()
    .split('\n')
    .filter((line) => line.startsWith(prefix));
  return Object.fromEntries(
    lines.map((line) => {
      const end = line.lastIndexOf(' ');
      return [line.slice(0, end), Number(line.slice(end + 1))];
    }),
  );
}

/** How often connections of these pods ended in each way, as `4509 superseded`, once so many ends are counted. */
export function countedCloses(pods: { admin: string }[], atLeast: number): Promise<Record<string, number>> {
  return until(async () => {
    const counts: Record<string, number> = {};
    for (const { admin } of pods) {
      for (const [series, count] of Object.entries(await metrics(admin, 'ws_connect_closes_total{'))) {
        const [, code, reason] = /code="(\w+)",reason="([\w-]+)"/.exec(series)!;
        counts[`${code} ${reason}`] = (counts[`${code} ${reason}`] ?? 0) + count;
      }
    }
    const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
    return total >= atLeast && counts;
  });
}

/** The chart's state of a device's connection. */
export async function stateOf(base: string, deviceId: string, headers: Record<string, string> = {}): Promise<unknown> {
  const { json } = await ask(base, `/connections/${deviceId}`, { headers });
  return (json as { state?: string } | undefined)?.state;
}
