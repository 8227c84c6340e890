/** The operations of the callback port: its routes, and its part of the OpenAPI document. */
import { z } from 'zod';
import { deviceId } from '../schemas.ts';
import type { Operation } from '../http/operation.ts';
import type { ProblemCode } from '../http/problems.ts';
import { queryWord } from '../http/query.ts';
import { batchOperation } from './batch-operation.ts';
import { connectionDescription } from './describe.ts';
import { messageQuery } from './message.ts';

/** The answer for a delivered message. */
export const deliveryReport = connectionDescription
  .pick({ deviceId: true, traceId: true, podId: true })
  .extend({ outcome: z.enum(['delivered', 'acked']) });

export const kickQuery = z.object({
  reason: queryWord('kicked', 'superseded')
    .default('kicked')
    .describe(
      'superseded: sent by another pod when the device has connected to it; the connection is closed with 4509',
    ),
});

export const connectionQuery = z.object({
  ping: queryWord('0', '1').default('0').describe('1: ping the device first, and wait up to 2 s for a sign of life'),
});

/** Problems of every operation. */
const credentials: ProblemCode[] = ['no-token', 'bad-token', 'other-origin'];

/** What all operations on one device have in common. */
const device = {
  parameters: { deviceId },
  problems: [
    ...credentials,
    'bad-device-id',
    'bad-precondition',
    'not-connected',
    'moved',
    'other-connection',
    'registry-unavailable',
    'owner-unreachable',
  ] satisfies ProblemCode[],
};
const headers = ['If-Match', 'Ws-Connect-Hop'] as const;
const answerHeaders = ['ETag', 'Ws-Connect-Pod'] as const;

export const callbackOperations = {
  message: {
    methods: ['post'],
    path: '/callback/{deviceId}',
    summary: 'Send a message to a device',
    parameters: device.parameters,
    query: messageQuery,
    headers: [...headers, 'traceparent'],
    body: {
      about:
        'The message, at most `MAX_PAYLOAD_BYTES`. The pod does not parse it. `text/*` and `application/json` reach the device as text, everything else as binary.',
      content: { '*/*': z.unknown() },
    },
    answers: {
      200: {
        about:
          'The kernel has taken the bytes for this connection. With `ack=1` the device has acknowledged the message.',
        headers: answerHeaders,
        content: { 'application/json': deliveryReport },
      },
    },
    problems: [
      ...device.problems,
      'bad-query',
      'invalid-text',
      'length-required',
      'body-too-large',
      'unsupported-encoding',
      'no-ack',
      'too-many-callbacks',
      'backpressure',
      'delivery-timeout',
      'ack-timeout',
    ],
  },
  batch: batchOperation,
  connection: {
    methods: ['get', 'head'],
    path: '/connections/{deviceId}',
    summary: 'Show whether a device is connected, where, and since when',
    parameters: device.parameters,
    query: connectionQuery,
    headers,
    answers: {
      200: {
        about: 'The device is connected.',
        headers: answerHeaders,
        content: { 'application/json': connectionDescription },
      },
    },
    problems: [...device.problems, 'bad-query', 'no-pong'],
  },
  kick: {
    methods: ['delete'],
    path: '/connections/{deviceId}',
    summary: "Close a device's connection with 4503",
    parameters: device.parameters,
    query: kickQuery,
    headers,
    answers: { 204: { about: 'The pod closes the connection.', headers: answerHeaders } },
    problems: [...device.problems, 'bad-reason'],
  },
  openapi: {
    methods: ['get'],
    path: '/openapi.json',
    summary: 'This document',
    answers: {
      200: { about: 'OpenAPI 3.1.', content: { 'application/json': z.looseObject({ openapi: z.string() }) } },
    },
    problems: credentials,
  },
  asyncapi: {
    methods: ['get'],
    path: '/asyncapi.json',
    summary: 'The AsyncAPI document of the device port',
    answers: {
      200: { about: 'AsyncAPI 3.0.', content: { 'application/json': z.looseObject({ asyncapi: z.string() }) } },
    },
    problems: credentials,
  },
} satisfies Record<string, Operation>;
