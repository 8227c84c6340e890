/** HTTP requests to every route of the callback and the admin listener, with much that is odd. */
import { liveOperations } from '../../../src/admin/live-operations.ts';
import { adminOperations } from '../../../src/admin/operations.ts';
import { pageOperations } from '../../../src/admin/page-operations.ts';
import { callbackOperations } from '../../../src/callback/operations.ts';
import type { Operation } from '../../../src/http/operation.ts';
import type { Random } from '../../faults/random.ts';
import type { Input } from '../fuzz-case.ts';
import { choose, delivery, integer, mutated, oddStrings, randomBytes } from './bytes.ts';
import { callbackToken } from './tokens.ts';

/** It ends the pod, which is no fault. */
const deadly = '/pre-stop';

function routesOf(operations: Operation[]): string[] {
  const paths = operations.map(({ base = '', path }) => base + path);
  return [...new Set(paths)].filter((path) => path !== deadly);
}

const routes = {
  callback: routesOf(Object.values(callbackOperations)),
  admin: routesOf([adminOperations, liveOperations, pageOperations].flatMap((each) => Object.values<Operation>(each))),
};

const methods = [
  'GET',
  'GET',
  'POST',
  'POST',
  'POST',
  'DELETE',
  'HEAD',
  'OPTIONS',
  'PUT',
  'PATCH',
  'TRACE',
  'BREW',
  'get',
];
const ids = ['fuzz-1', 'fuzz-2', 'absent', 'pod', 'main.js', ...oddStrings];
const parameters = [
  'ack',
  'id',
  'timeoutMs',
  'ackWithinMs',
  'reason',
  'limit',
  'state',
  'device',
  'sample',
  'format',
  'x',
];
const values = ['1', '0', '1000', '1001', 'kicked', 'superseded', 'svg', 'mermaid', 'm-1', 'fuzz-1', ...oddStrings];

/** One request, or several down one connection. */
export function requestCase(random: Random): Input {
  const target = random.chance(0.6) ? 'callback' : 'admin';
  const count = choose(random, [1, 1, 1, 2, 5, 30]);
  const requests = Array.from({ length: count }, () => request(random, routes[target]));
  const bytes = Buffer.concat(requests);
  const sent = random.chance(0.3) ? mutated(random, bytes) : bytes;
  return { target, kind: count === 1 ? 'request' : 'pipelined', steps: delivery(random, sent) };
}

function request(random: Random, paths: string[]): Buffer {
  const path = choose(random, paths).replace(/\{\w+\}/, () => choose(random, ids));
  const target = choose(random, [
    path,
    path,
    path,
    path,
    `http://pod${path}`,
    `//${path}`,
    '*',
    'http://[',
    choose(random, oddStrings),
  ]);
  const { headers, body } = bodyOf(random);
  const lines = [
    `${choose(random, methods)} ${target}${query(random)} ${choose(random, ['HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0'])}`,
    ...(random.chance(0.95) ? ['Host: pod'] : []),
    ...(random.chance(0.8) ? [`Authorization: Bearer ${callbackToken}`] : []),
    ...headers,
    ...oddHeaders(random),
  ];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), body]);
}

function query(random: Random): string {
  if (random.chance(0.5)) return '';
  const pairs = Array.from(
    { length: integer(random, 0, 3) },
    () => `${choose(random, parameters)}=${choose(random, values)}`,
  );
  return `?${pairs.join('&')}`;
}

const headerValues: Record<string, string[]> = {
  'Content-Type': [
    'text/plain',
    'application/json',
    'application/x-ndjson',
    'application/octet-stream',
    ';;;',
    'x'.repeat(500),
  ],
  'If-Match': ['*', '""', '', '"a", "b"', 'W/"a"', '"', ',,,'],
  traceparent: ['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', 'x', ''],
  'Ws-Connect-Hop': ['1', '', 'x'.repeat(300)],
  Origin: ['null', 'http://[', 'http://127.0.0.1', 'https://elsewhere.example'],
  Expect: ['100-continue', 'x'],
  Connection: ['close', 'keep-alive', 'Upgrade', 'x, y'],
  Upgrade: ['websocket', 'h2c'],
  'Content-Encoding': ['gzip', 'identity', 'x'],
  Accept: ['text/event-stream', '*/*', ';q=x'],
  'Accept-Encoding': ['gzip', '*;q=0'],
  Range: ['bytes=0-1', 'bytes=-'],
  Cookie: ['a=b; a=b'],
  'Last-Event-ID': ['1'],
};

function oddHeaders(random: Random): string[] {
  const lines = Object.entries(headerValues)
    .filter(() => random.chance(0.1))
    .map(([name, list]) => `${name}: ${choose(random, list)}`);
  if (random.chance(0.03)) lines.push(`X-Long: ${'x'.repeat(choose(random, [8000, 17_000, 70_000]))}`);
  if (random.chance(0.03))
    lines.push(...Array.from({ length: choose(random, [100, 2100]) }, (_, index) => `X-${index}: 1`));
  if (random.chance(0.03)) lines.push(choose(random, ['X Y: 1', ': 1', 'X:\x00', 'X: 1\r\n folded', 'no colon']));
  return lines;
}

function bodyOf(random: Random): { headers: string[]; body: Buffer } {
  if (random.chance(0.3)) return { headers: [], body: Buffer.alloc(0) };
  const body = content(random);
  if (random.chance(0.3)) return chunked(random, body);
  const lie = random.chance(0.15);
  const length = lie
    ? choose(random, ['0', '-1', String(body.length + 1), '99999999999999999999', '1, 1', 'x', ''])
    : body.length;
  return { headers: [`Content-Length: ${length}`], body };
}

function content(random: Random): Buffer {
  if (random.chance(0.4)) return Buffer.from(batch(random));
  if (random.chance(0.5)) return Buffer.from(choose(random, oddStrings));
  return randomBytes(random, choose(random, [0, 1, 100, 65_536, 65_537]));
}

const lines = [
  '{"deviceId":"fuzz-1","data":"hello"}',
  '{"deviceIds":["fuzz-1","fuzz-2","absent"],"data":"hello"}',
  '{"deviceId":"fuzz-1","base64":"aGVsbG8="}',
  '{"deviceId":"fuzz-1","base64":"***"}',
  '{"deviceId":"fuzz-1","data":"hello","id":"m-1","contentType":"text/plain"}',
  '{"deviceId":"..","data":"hello"}',
  '{"deviceId":"__proto__","data":"hello"}',
  '{"deviceIds":[],"data":"hello"}',
  '{"deviceId":7,"data":null}',
  '{"__proto__":null}',
  '{}',
  '[]',
  'null',
  '{',
  '',
];

function batch(random: Random): string {
  return Array.from({ length: choose(random, [1, 3, 300]) }, () => choose(random, lines)).join(
    choose(random, ['\n', '\n', '\r\n']),
  );
}

/** In chunks, of which some are not as they should be (RFC 9112 §7.1). */
function chunked(random: Random, body: Buffer): { headers: string[]; body: Buffer } {
  const pieces: Buffer[] = [];
  const size = Math.max(1, Math.ceil(body.length / choose(random, [1, 3, 1000])));
  for (let at = 0; at < body.length; at += size) {
    const piece = body.subarray(at, at + size);
    const length = piece.length.toString(16);
    const head = random.chance(0.01) ? choose(random, ['x', '-1', 'ffffffffffffffffff', '', ' 1']) : length;
    const extension = random.chance(0.02) ? choose(random, [';a=b', ';', `;${'x'.repeat(20_000)}`]) : '';
    pieces.push(Buffer.from(`${head}${extension}\r\n`), piece, Buffer.from(random.chance(0.01) ? '' : '\r\n'));
  }
  const end = choose(random, ['0\r\n\r\n', '0\r\n\r\n', '0\r\n\r\n', '0\r\nX-Trailer: 1\r\n\r\n', '0\r\n', '']);
  const coding = choose(random, [
    'chunked',
    'chunked',
    'chunked',
    'gzip, chunked',
    'chunked, chunked',
    'Chunked',
    'identity',
  ]);
  return { headers: [`Transfer-Encoding: ${coding}`], body: Buffer.concat([...pieces, Buffer.from(end)]) };
}
