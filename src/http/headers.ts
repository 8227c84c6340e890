import { z } from 'zod';

/** W3C Trace Context §3.2.2. */
export const traceparentShape = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The headers of requests that have a meaning here, beside those of HTTP. */
export const requestHeaders = {
  'If-Match': z
    .string()
    .describe('the `ETag` of the connection that the request is meant for (RFC 9110 §13.1.1), a list of them, or `*`'),
  traceparent: z
    .string()
    .regex(traceparentShape)
    .describe('W3C Trace Context; the pod passes it on to a device in envelope mode, and ignores a malformed one'),
  'Ws-Connect-Hop': z.string().describe('a pod has forwarded this request, so it is not forwarded again'),
};

/** The headers of answers that have a meaning here. */
export const answerHeaders = {
  'Accept-Encoding': z.literal('identity').describe('the content codings that the pod accepts for a body: none'),
  'Accept-Post': z.string().describe('the media types that this path accepts'),
  Allow: z.string().describe('the methods that this path supports'),
  ETag: z
    .string()
    .regex(/^"[\w-]+"$/)
    .describe('the traceId of the connection in quotes; use it as `If-Match`'),
  'Retry-After': z.string().regex(/^\d+$/).describe('seconds to wait before the next try'),
  Upgrade: z.literal('websocket'),
  'WWW-Authenticate': z.string().regex(/^Bearer realm="ws-connect"/),
  'Ws-Connect-Proof': z
    .string()
    .describe(
      'a value derived from the token of the request and from this pod; it proves that no other program answers in its place',
    ),
  'Ws-Connect-Pod': z
    .string()
    .describe('`IP:PORT` of the pod that holds the device; send the next request directly to it'),
};

export type RequestHeader = keyof typeof requestHeaders;
export type AnswerHeader = keyof typeof answerHeaders;
