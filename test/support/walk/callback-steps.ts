/** The walk through what a service can be answered. The scene it plays in is made by callback-scene.ts. */
import type { CallbackPlace } from './callback-scene.ts';
import type { Step, WalkRequest } from './step.ts';

type CallbackStep = Step<CallbackPlace>;

const hello = (path: string, more: Partial<WalkRequest> = {}): WalkRequest => ({ body: 'hello', path, ...more });
const hop = { 'Ws-Connect-Hop': '1' };
const other = { 'If-Match': '"TRACEID"' };
const unquoted = { 'If-Match': 'TRACEID' };
const gzip = { 'Content-Encoding': 'gzip' };
/** What a page sends in the browser of somebody who reaches the pod. */
const page = { Origin: 'http://evil.example' };
const wrong = { Authorization: 'Bearer wrong' };

function batch(path: string, headers: Record<string, string> = {}): WalkRequest {
  return { path, headers: { 'Content-Type': 'application/x-ndjson', ...headers }, file: 'batch.ndjson' };
}

/** One for each status and code, as docs/services.md shows them. */
export const shownSteps: CallbackStep[] = [
  {
    to: 'pod',
    request: hello('/callback/lamp-1', { headers: { 'Content-Type': 'text/plain' } }),
    answer: 200,
    when: 'the kernel has taken the bytes for this connection: `{"deviceId","traceId","podId","outcome":"delivered"}`, `ETag: "TRACEID"`',
  },
  {
    to: 'pod',
    request: hello('/callback/lamp-1?ack=1&timeoutMs=9000'),
    answer: 200,
    when: 'the device has acknowledged the message: `"outcome":"acked"`',
  },
  {
    to: 'pod',
    request: batch('/callback'),
    answer: 200,
    when: 'the pod accepts the [batch](#many-messages-in-one-request); the answer has a line for each device, `{"deviceId","status","code"?}`',
  },
  {
    to: 'pod',
    request: { path: '/connections/lamp-1' },
    answer: 200,
    when: 'the device is connected: `state`, `podId`, `traceId`, `connectedAt`, `lastDataAt`',
  },
  {
    to: 'pod',
    request: { path: '/connections/lamp-1?ping=1' },
    answer: 200,
    when: 'the device is connected and has just answered a ping',
  },
  {
    to: 'pod',
    request: { method: 'DELETE', path: '/connections/lamp-9' },
    answer: 204,
    when: 'the pod closes the connection with 4503',
  },
  { to: 'pod', request: hello('/callback/lamp%201'), answer: 'bad-device-id' },
  {
    to: 'pod',
    request: { method: 'DELETE', path: '/connections/lamp-1', headers: unquoted },
    answer: 'bad-precondition',
  },
  { to: 'pod', request: hello('/callback/lamp-1?ack=yes'), answer: 'bad-query' },
  { to: 'pod', request: { method: 'DELETE', path: '/connections/lamp-1?reason=why' }, answer: 'bad-reason' },
  {
    to: 'pod',
    request: { path: '/callback/lamp-1', headers: { 'Content-Type': 'text/plain' }, file: 'latin-1.txt' },
    answer: 'invalid-text',
  },
  { to: 'guarded', request: hello('/callback/lamp-1'), answer: 'no-token' },
  { to: 'guarded', request: hello('/callback/lamp-1', { headers: wrong }), answer: 'bad-token' },
  { to: 'pod', request: hello('/callback/lamp-1', { headers: page }), answer: 'other-origin' },
  { to: 'pod', request: { path: '/callbacks' }, answer: 'no-such-route' },
  { to: 'pod', request: hello('/callback/lamp-0'), answer: 'not-connected' },
  { to: 'pod', request: { path: '/callback/lamp-1' }, answer: 'method-not-allowed' },
  { to: 'pod', request: hello('/callback/lamp-2', { headers: hop }), answer: 'moved' },
  { to: 'pod', request: { method: 'POST', path: '/callback/lamp-1' }, answer: 'length-required' },
  { to: 'pod', request: hello('/callback/lamp-1', { headers: other }), answer: 'other-connection' },
  { to: 'pod', request: { path: '/callback/lamp-1', file: 'large.bin' }, answer: 'body-too-large' },
  { to: 'pod', request: hello('/callback'), answer: 'unsupported-media-type' },
  { to: 'pod', request: hello('/callback/lamp-1', { headers: gzip }), answer: 'unsupported-encoding' },
  { to: 'pod', request: hello('/callback/plain-1?ack=1'), answer: 'no-ack' },
  { to: 'limited', request: hello('/callback/lamp-1'), answer: 'too-many-callbacks' },
  { to: 'pod', request: { method: 'PROPFIND', path: '/' }, answer: 'method-unknown' },
  { to: 'pod', request: hello('/callback/frozen'), answer: 'backpressure' },
  { to: 'pod', request: hello('/callback/lost-1'), answer: 'owner-unreachable' },
  { to: 'cutOff', request: hello('/callback/lamp-0'), answer: 'registry-unavailable' },
  { to: 'pod', request: { path: '/connections/silent-1?ping=1' }, answer: 'no-pong' },
  { to: 'pod', request: hello('/callback/slow-1'), answer: 'delivery-timeout' },
  { to: 'pod', request: hello('/callback/mute-1?ack=1&timeoutMs=1'), answer: 'ack-timeout' },
];

const problemsOfOne: CallbackStep[] = ['GET', 'HEAD', 'DELETE'].flatMap((method): CallbackStep[] => [
  { to: 'pod', request: { method, path: '/connections/lamp%201' }, answer: 'bad-device-id' },
  { to: 'pod', request: { method, path: '/connections/lamp-2', headers: unquoted }, answer: 'bad-precondition' },
  { to: 'guarded', request: { method, path: '/connections/lamp-1' }, answer: 'no-token' },
  { to: 'guarded', request: { method, path: '/connections/lamp-1', headers: wrong }, answer: 'bad-token' },
  { to: 'pod', request: { method, path: '/connections/lamp-1', headers: page }, answer: 'other-origin' },
  { to: 'pod', request: { method, path: '/connections/lamp-0' }, answer: 'not-connected' },
  { to: 'pod', request: { method, path: '/connections/lamp-2', headers: hop }, answer: 'moved' },
  { to: 'pod', request: { method, path: '/connections/lamp-1', headers: other }, answer: 'other-connection' },
  { to: 'pod', request: { method, path: '/connections/lost-1' }, answer: 'owner-unreachable' },
  { to: 'cutOff', request: { method, path: '/connections/lamp-0' }, answer: 'registry-unavailable' },
]);

const documents: CallbackStep[] = ['/openapi.json', '/asyncapi.json'].flatMap((path): CallbackStep[] => [
  { to: 'pod', request: { path }, answer: 200 },
  { to: 'pod', request: { path, headers: page }, answer: 'other-origin' },
  { to: 'guarded', request: { path }, answer: 'no-token' },
  { to: 'guarded', request: { path, headers: wrong }, answer: 'bad-token' },
]);

/** The same for the other operations, and through another pod. */
export const furtherSteps: CallbackStep[] = [
  { to: 'pod', request: { method: 'HEAD', path: '/connections/lamp-1' }, answer: 200 },
  { to: 'pod', request: hello('/callback/lamp-2'), answer: 200 },
  { to: 'pod', request: { path: '/connections/lamp-2' }, answer: 200 },
  { to: 'pod', request: hello('/callback/lamp-2', { headers: unquoted }), answer: 'bad-precondition' },
  { to: 'pod', request: batch('/callback', other), answer: 'bad-precondition' },
  { to: 'pod', request: batch('/callback?id=m-1'), answer: 'bad-query' },
  { to: 'pod', request: { ...batch('/callback'), method: 'POST', file: undefined }, answer: 'length-required' },
  { to: 'pod', request: batch('/callback', gzip), answer: 'unsupported-encoding' },
  { to: 'pod', request: batch('/callback', page), answer: 'other-origin' },
  { to: 'guarded', request: batch('/callback'), answer: 'no-token' },
  { to: 'guarded', request: batch('/callback', wrong), answer: 'bad-token' },
  { to: 'pod', request: { path: '/connections/lamp-1?ping=yes' }, answer: 'bad-query' },
  { to: 'pod', request: { method: 'HEAD', path: '/connections/lamp-1?ping=yes' }, answer: 'bad-query' },
  { to: 'pod', request: { method: 'HEAD', path: '/connections/silent-1?ping=1' }, answer: 'no-pong' },
  ...problemsOfOne,
  ...documents,
];
