import type { AnswerHeader } from './headers.ts';

/** One kind of problem: the HTTP status of the answer, and in a sentence when a pod gives it. */
interface Kind {
  status: number;
  when: string;
  /** Headers that every answer with this problem has. */
  headers?: readonly AnswerHeader[];
  /** Headers that only some of these answers have. */
  mayHave?: readonly AnswerHeader[];
}

const retry = ['Retry-After'] as const;
const challenge = ['WWW-Authenticate'] as const;
const owner = ['Ws-Connect-Pod'] as const;
const connection = ['ETag', 'Ws-Connect-Pod'] as const;

/** All problems by their stable code, which clients can branch on, in the order of their statuses. */
export const problems = {
  aborted: {
    status: 400,
    when: 'the client closed the connection before the end of the body, so it does not receive this answer',
  },
  'bad-base64': { status: 400, when: '`base64` of a line is not valid base64' },
  'bad-content-type': { status: 400, when: '`contentType` of a line is not a valid header value' },
  'bad-device-id': { status: 400, when: 'the deviceId is malformed, missing, or given more than once' },
  'bad-fields': {
    status: 400,
    when: 'a line has an unknown field, an empty list, content that is not a string, or not exactly one of `deviceId` and `deviceIds` and one of `data` and `base64`',
  },
  'bad-handshake': { status: 400, when: 'the request is not a valid WebSocket handshake' },
  'bad-json': { status: 400, when: 'a line is not a JSON object in UTF-8' },
  'bad-message-id': { status: 400, when: '`id` of a line is malformed' },
  'bad-precondition': {
    status: 400,
    when: '`If-Match` is neither `*` nor a list of entity tags in quotes, or it was sent with a batch, which is for many connections',
  },
  'bad-query': { status: 400, when: 'a query parameter is malformed, unknown, or given more than once' },
  'bad-reason': { status: 400, when: '`reason` is neither `kicked` nor `superseded`' },
  'bad-request': { status: 400, when: 'the pod received data that is not a valid HTTP request' },
  'invalid-text': {
    status: 400,
    when: 'the content type of the body is text, but the body is not UTF-8',
    headers: connection,
  },
  'too-many-devices': { status: 400, when: 'a line names more than 1000 devices' },
  'no-token': { status: 401, when: 'the pod requires a token, and the request has none', headers: challenge },
  'bad-token': { status: 401, when: 'the pod does not accept the token', headers: challenge },
  'token-expired': { status: 401, when: 'the token has expired; get a new one', headers: challenge },
  'identity-not-allowed': { status: 403, when: 'the token is for another device' },
  'origin-not-allowed': { status: 403, when: 'web pages of this origin are not allowed to connect' },
  'other-origin': { status: 403, when: 'a web page in a browser sent this request and is not allowed to' },
  'no-such-machine': { status: 404, when: 'there is no statechart of this name' },
  'no-such-route': { status: 404, when: 'there is nothing at this path' },
  'not-connected': {
    status: 404,
    when: 'the device is not connected to any pod, or its connection has just ended',
    mayHave: connection,
  },
  'method-not-allowed': { status: 405, when: 'the path does not support this method', headers: ['Allow'] },
  'request-timeout': { status: 408, when: 'the request did not arrive in time' },
  moved: {
    status: 409,
    when: 'the device is on another pod, and this request was already forwarded once; look the device up and retry',
    headers: owner,
  },
  'length-required': {
    status: 411,
    when: 'the request has neither `Content-Length` nor a chunked body; an empty message needs `Content-Length: 0`',
  },
  'other-connection': {
    status: 412,
    when: 'the device has another connection than the one that `If-Match` names',
    mayHave: connection,
  },
  'body-too-large': { status: 413, when: 'the body is larger than `MAX_PAYLOAD_BYTES`' },
  'line-too-long': { status: 413, when: 'a line is longer than 2 × `MAX_PAYLOAD_BYTES`' },
  'unsupported-media-type': {
    status: 415,
    when: 'the content type of a batch is not `application/x-ndjson`',
    headers: ['Accept-Post'],
  },
  'unsupported-encoding': {
    status: 415,
    when: 'the body has a `Content-Encoding`, such as gzip, or a `Transfer-Encoding` other than `chunked`',
    headers: ['Accept-Encoding'],
  },
  'other-host': {
    status: 421,
    when: 'the `Host` header is neither an IP address, nor `localhost`, nor one of `ADMIN_HOSTS`',
  },
  'no-ack': {
    status: 422,
    when: 'the request asks for an acknowledgement, but the device is in plain mode',
    headers: connection,
  },
  'upgrade-required': { status: 426, when: 'the request is not a WebSocket upgrade', headers: ['Upgrade'] },
  'too-many-callbacks': {
    status: 429,
    when: 'this device has received as many callbacks as `CALLBACKS_PER_DEVICE_PER_SECOND` allows',
    headers: [...retry, ...connection],
  },
  'too-many-connects': { status: 429, when: 'too many connects came from the address of the client', headers: retry },
  'headers-too-large': { status: 431, when: 'the headers are too large' },
  'internal-error': { status: 500, when: 'an internal error of the pod; its log says why' },
  'method-unknown': { status: 501, when: 'no path supports this method', headers: ['Allow'] },
  'auth-unavailable': {
    status: 503,
    when: 'the token cannot be verified right now; try again with the same token',
    headers: retry,
  },
  backpressure: {
    status: 503,
    when: 'the device reads more slowly than messages are sent to it; if it stays slow, the pod closes its connection with 4413',
    headers: [...retry, ...connection],
  },
  draining: { status: 503, when: 'the pod is shutting down; connect to another pod', headers: retry },
  full: { status: 503, when: 'the pod has reached its connection limit', headers: retry },
  'not-ready': { status: 503, when: 'the pod is starting or draining' },
  'owner-unreachable': {
    status: 503,
    when: 'the pod that owns the device did not answer the forwarded request, or did not prove that it is that pod',
    headers: [...retry, ...owner],
  },
  'registry-unavailable': {
    status: 503,
    when: 'the device is not on this pod, and the registry did not answer',
    headers: retry,
  },
  'too-many-followers': {
    status: 503,
    when: 'too many clients already follow connections of this pod',
    headers: retry,
  },
  'too-fast': { status: 503, when: 'the pod accepts no more connections at the moment', headers: retry },
  'delivery-timeout': {
    status: 504,
    when: 'the device did not read the message within 5 s; it may still receive it',
    headers: connection,
  },
  'no-pong': {
    status: 504,
    when: 'the request has `ping=1`, and the device showed no sign of life within 2 s',
    headers: connection,
  },
  'ack-timeout': {
    status: 504,
    when: 'no acknowledgement arrived in time, or the connection ended first; the device may have received the message',
    headers: connection,
  },
} as const satisfies Record<string, Kind>;

export type ProblemCode = keyof typeof problems;

export const problemCodes = Object.keys(problems) as ProblemCode[];

/** The status, the headers and the explanation of a problem, without the literal types of `problems`. */
export function kindOf(code: ProblemCode): Kind {
  return problems[code];
}

/** The status and code of a problem, as a batch reports it in the result of one device. */
export function refusalFor(code: ProblemCode): { status: number; code: ProblemCode } {
  return { status: kindOf(code).status, code };
}
