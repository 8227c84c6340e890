import type { RequestListener, ServerResponse } from 'node:http';

/** Answers as a pod does that has delivered the message. */
export function answerDelivered(response: ServerResponse, outcome = 'delivered'): void {
  const body = { deviceId: 'lamp-1', traceId: 'a'.repeat(32), podId: 'pod', outcome };
  response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

/** Answers as a pod does that has not. */
export function answerProblem(
  response: ServerResponse,
  status: number,
  code: string,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'Content-Type': 'application/problem+json', ...headers });
  response.end(JSON.stringify({ status, code, detail: `${code} it is` }));
}

/** Answers one request after the other by these; the last one answers all that follow. */
export function inTurn(...listeners: RequestListener[]): RequestListener {
  let asked = 0;
  return (request, response) => {
    const listener = listeners[Math.min(asked, listeners.length - 1)]!;
    asked += 1;
    listener(request, response);
  };
}
