/** `POST /callback` in the OpenAPI document. */
import { z } from 'zod';
import { deviceId } from '../schemas.ts';
import type { Operation } from '../http/operation.ts';
import type { ProblemCode } from '../http/problems.ts';
import { maxDevicesOfLine } from './batch-order.ts';
import { batchQuery } from './message.ts';

const fields = {
  id: z.string().optional().describe('id of the message'),
  contentType: z
    .string()
    .optional()
    .describe('by default text/plain for `data`, application/octet-stream for `base64`'),
};
const receivers = [z.object({ deviceId }), z.object({ deviceIds: z.array(deviceId).min(1).max(maxDevicesOfLine) })];
const contents = [z.object({ data: z.string() }), z.object({ base64: z.base64() })];

/** One line of a batch. batch-order.ts reads them without it: that would cost more than all the rest. */
export const batchLine = z.union(
  receivers.flatMap((receiver) =>
    contents.map((content) => z.strictObject({ ...receiver.shape, ...content.shape, ...fields })),
  ),
);

/** Codes of the results of a line, or of one of its devices, that was not delivered. */
export const resultCodes = [
  'bad-device-id',
  'bad-json',
  'bad-fields',
  'bad-message-id',
  'bad-content-type',
  'bad-base64',
  'invalid-text',
  'too-many-devices',
  'not-connected',
  'moved',
  'body-too-large',
  'line-too-long',
  'no-ack',
  'too-many-callbacks',
  'internal-error',
  'backpressure',
  'owner-unreachable',
  'registry-unavailable',
  'ack-timeout',
  'delivery-timeout',
] as const satisfies ProblemCode[];

/** One line of the answer. */
export const batchResult = z.union([
  z.object({ deviceId, status: z.literal(200) }),
  z.object({
    deviceId: z.string().nullable().describe('null if the line has no readable deviceId'),
    status: z.int().min(400),
    code: z.enum(resultCodes),
    line: z.int().optional().describe('the number of the line, if the pod refused the whole line'),
  }),
]);

export const mediaType = 'application/x-ndjson';

export const batchOperation = {
  methods: ['post'],
  path: '/callback',
  summary: 'Send many messages to many devices',
  query: batchQuery,
  headers: ['Ws-Connect-Hop', 'traceparent'],
  body: {
    about: 'One JSON object per line. A line has at most 2 × `MAX_PAYLOAD_BYTES`.',
    content: { [mediaType]: batchLine },
  },
  answers: {
    200: {
      about:
        'One JSON object per line, one line for each device, in the order of the input. The pod sends them while it still receives the request. If the answer ends with too few lines, the pod has stopped: send the rest again.',
      content: { [mediaType]: batchResult },
    },
  },
  problems: [
    'no-token',
    'bad-token',
    'other-origin',
    'bad-query',
    'bad-precondition',
    'length-required',
    'unsupported-media-type',
    'unsupported-encoding',
  ],
} satisfies Operation;
