import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { proofHeader } from '@ws-connect/callback-client/internal/pod-proof';
import { answerDelivered } from './callback-answers.ts';
import type { OwnerEntry } from './owners.ts';

export interface BatchLine {
  deviceId: string;
  id?: string;
  contentType?: string;
  data?: string;
  base64?: string;
}

/** What a line is answered by. Undefined: it is not. */
export type LineAnswer = (line: BatchLine, response: ServerResponse) => object | undefined;

export interface BatchPod extends OwnerEntry {
  /** `http://IP:PORT` */
  base: string;
  /** The lines of each batch. */
  batches: BatchLine[][];
  /** Batches whose callers have said all. */
  ended: number;
  /** Paths of the requests for one message each; they are answered with 200. */
  singles: string[];
}

/** Takes batches as the contract says, and answers each line as told, for what no real pod can be made to answer. */
export async function runBatchPod(answer: LineAnswer = delivered, serverIp = '127.0.0.4'): Promise<BatchPod> {
  const pod = { batches: [] as BatchLine[][], ended: 0, singles: [] as string[] };
  const podId = 'pod';
  const server = createServer((request, response) => {
    response.setHeader(proofHeader, podId);
    if (request.url === '/callback') {
      void take(request, response, { pod, answer }).catch(() => {}); // a caller broke off
    } else {
      pod.singles.push(request.url!);
      request.resume().once('end', () => answerDelivered(response));
    }
  });
  server.listen(0, serverIp);
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return Object.assign(pod, { serverIp, port, podId, base: `http://${serverIp}:${port}` });
}

export function delivered({ deviceId }: BatchLine): object {
  return { deviceId, status: 200 };
}

async function take(
  request: IncomingMessage,
  response: ServerResponse,
  { pod, answer }: { pod: Pick<BatchPod, 'batches' | 'ended'>; answer: LineAnswer },
): Promise<void> {
  const lines: BatchLine[] = [];
  pod.batches.push(lines);
  response.writeHead(200, { 'Content-Type': 'application/x-ndjson' });
  for await (const text of createInterface(request)) {
    const line = JSON.parse(text) as BatchLine;
    lines.push(line);
    const said = answer(line, response);
    if (said) response.write(`${JSON.stringify(said)}\n`);
  }
  pod.ended += 1;
  response.end();
}
