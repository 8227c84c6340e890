import { z } from 'zod';

/** W3C Trace Context §3.2.2. */
export const traceparentShape = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The headers of requests that have a meaning here, beside those of HTTP. */
export const requestHeaders = {
  'If-Match': z
    .string()
    .describe('the `ETag` of the one connection that is meant (RFC 9110 §13.1.1), or several, or `*`'),
  traceparent: z
    .string()
    .regex(traceparentShape)
    .describe('W3C Trace Context, handed on to a device in envelope mode; a malformed one is left out'),
  'Ws-Connect-Hop': z.string().describe('this request was forwarded by a pod and is not forwarded again'),
};

/** The headers of answers that have a meaning here. */
export const answerHeaders = {
  'Accept-Encoding': z.literal('identity').describe('the content codings of a body that are taken: none'),
  'Accept-Post': z.string().describe('the media types that may be posted here'),
  Allow: z.string().describe('the methods of this path'),
  ETag: z
    .string()
    .regex(/^"[\w-]+"$/)
    .describe('of a connection: its traceId in quotes, to be sent back as `If-Match`'),
  'Retry-After': z.string().regex(/^\d+$/).describe('seconds after which to try again'),
  Upgrade: z.literal('websocket'),
  'WWW-Authenticate': z.string().regex(/^Bearer realm="ws-connect"/),
  'Ws-Connect-Proof': z
    .string()
    .describe('derived from the token of the request and this pod, so that another program cannot answer in its place'),
  'Ws-Connect-Pod': z.string().describe('`IP:PORT` of the pod that owns the device: go there directly next time'),
};

export type RequestHeader = keyof typeof requestHeaders;
export type AnswerHeader = keyof typeof answerHeaders;
