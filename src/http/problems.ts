import type { AnswerHeader } from './headers.ts';

/** What can be wrong with a request: the status of the answer, and when it is given, in a sentence. */
interface Kind {
  status: number;
  when: string;
  /** What every such answer has. */
  headers?: readonly AnswerHeader[];
  /** What it may have as well. */
  mayHave?: readonly AnswerHeader[];
}

const retry = ['Retry-After'] as const;
const challenge = ['WWW-Authenticate'] as const;
const owner = ['Ws-Connect-Pod'] as const;
const connection = ['ETag', 'Ws-Connect-Pod'] as const;

/** All problems there are, by the stable code a client can branch on, in the order of their statuses. */
export const problems = {
  aborted: { status: 400, when: 'the request ended before its body did: nobody is left to read this' },
  'bad-base64': { status: 400, when: '`base64` of a line is none' },
  'bad-content-type': { status: 400, when: '`contentType` of a line could not stand in a header' },
  'bad-device-id': { status: 400, when: 'the id is malformed, missing, or given more than once' },
  'bad-fields': {
    status: 400,
    when: 'a line has an unknown field, both or neither of a pair, an empty list, or content that is no text',
  },
  'bad-handshake': { status: 400, when: 'not a proper WebSocket handshake' },
  'bad-json': { status: 400, when: 'a line is no JSON object in UTF-8' },
  'bad-message-id': { status: 400, when: '`id` of a line is malformed' },
  'bad-precondition': {
    status: 400,
    when: '`If-Match` is neither `*` nor a list of entity tags in quotes, or came with a batch, which is for many connections',
  },
  'bad-query': { status: 400, when: 'a parameter of the query is malformed, given more than once, or unknown' },
  'bad-reason': { status: 400, when: '`reason` is another than `kicked` or `superseded`' },
  'bad-request': { status: 400, when: 'what came is no HTTP request' },
  'invalid-text': { status: 400, when: 'a text body is not UTF-8', headers: connection },
  'too-many-devices': { status: 400, when: 'a line is for more than 1000 devices' },
  'no-token': { status: 401, when: 'the pod wants a token and none came', headers: challenge },
  'bad-token': { status: 401, when: 'the token cannot be accepted', headers: challenge },
  'token-expired': { status: 401, when: 'the token has expired: get a new one', headers: challenge },
  'identity-not-allowed': { status: 403, when: 'the token is for another device' },
  'origin-not-allowed': { status: 403, when: 'pages of this origin may not connect' },
  'other-origin': { status: 403, when: 'a page in a browser asked for this that may not' },
  'no-such-machine': { status: 404, when: 'there is no chart of this name' },
  'no-such-route': { status: 404, when: 'there is nothing at this path' },
  'not-connected': {
    status: 404,
    when: 'no pod holds the device, or the connection is just gone',
    mayHave: connection,
  },
  'method-not-allowed': { status: 405, when: 'the path has other methods', headers: ['Allow'] },
  'request-timeout': { status: 408, when: 'the request took too long to come' },
  moved: {
    status: 409,
    when: 'the request was forwarded once already and the device is on another pod: look up and retry',
    headers: owner,
  },
  'length-required': {
    status: 411,
    when: 'the request has neither a `Content-Length` nor chunks; an empty message has `Content-Length: 0`',
  },
  'other-connection': {
    status: 412,
    when: '`If-Match` named another connection of the device',
    mayHave: connection,
  },
  'body-too-large': { status: 413, when: 'the body is larger than `MAX_PAYLOAD_BYTES`' },
  'line-too-long': { status: 413, when: 'a line is longer than 2 × `MAX_PAYLOAD_BYTES`' },
  'unsupported-media-type': {
    status: 415,
    when: 'a batch comes as `application/x-ndjson`',
    headers: ['Accept-Post'],
  },
  'unsupported-encoding': {
    status: 415,
    when: 'the body has a `Content-Encoding`, such as gzip, or a `Transfer-Encoding` other than `chunked`',
    headers: ['Accept-Encoding'],
  },
  'other-host': { status: 421, when: 'the Host is no IP address, not `localhost` and none of `ADMIN_HOSTS`' },
  'no-ack': { status: 422, when: 'an acknowledgement is wanted of a device in plain mode', headers: connection },
  'upgrade-required': { status: 426, when: 'not a WebSocket upgrade', headers: ['Upgrade'] },
  'too-many-callbacks': {
    status: 429,
    when: 'more callbacks come than this device may be sent: `CALLBACKS_PER_DEVICE_PER_SECOND`',
    headers: [...retry, ...connection],
  },
  'too-many-connects': { status: 429, when: 'too many connects come from your address', headers: retry },
  'headers-too-large': { status: 431, when: 'the headers are too large' },
  'internal-error': { status: 500, when: 'the pod failed: its log says why' },
  'method-unknown': { status: 501, when: 'no path has this method', headers: ['Allow'] },
  'auth-unavailable': {
    status: 503,
    when: 'whether the token is good cannot be found out just now: try again with the same one',
    headers: retry,
  },
  backpressure: {
    status: 503,
    when: 'the device reads more slowly than it is sent to; one that stays so is closed with 4413',
    headers: [...retry, ...connection],
  },
  draining: { status: 503, when: 'the pod is shutting down: connect to another one', headers: retry },
  full: { status: 503, when: 'the pod holds as many connections as it may', headers: retry },
  'not-ready': { status: 503, when: 'the pod is starting or draining' },
  'owner-unreachable': {
    status: 503,
    when: 'the pod that owns the device did not answer the forwarded request, or did not prove that it is that pod',
    headers: [...retry, ...owner],
  },
  'registry-unavailable': {
    status: 503,
    when: 'the device is not on this pod and the registry did not answer',
    headers: retry,
  },
  'too-many-followers': { status: 503, when: 'as many follow already as may at once', headers: retry },
  'too-fast': { status: 503, when: 'the pod accepts no more connections at this moment', headers: retry },
  'delivery-timeout': {
    status: 504,
    when: 'the device did not take the message in for 5 s, and may still get it',
    headers: connection,
  },
  'no-pong': {
    status: 504,
    when: '`ping=1` was asked for, and the device gave no sign of life within 2 s',
    headers: connection,
  },
  'ack-timeout': {
    status: 504,
    when: 'no acknowledgement came in time, or the connection ended first: the device may have the message',
    headers: connection,
  },
} as const satisfies Record<string, Kind>;

export type ProblemCode = keyof typeof problems;

export const problemCodes = Object.keys(problems) as ProblemCode[];

/** Of the kind of a problem. */
export function kindOf(code: ProblemCode): Kind {
  return problems[code];
}

/** A problem of one of many, as it is told in the result of that one. */
export function refusalFor(code: ProblemCode): { status: number; code: ProblemCode } {
  return { status: kindOf(code).status, code };
}
