/** What the operator page asks of the admin listener: routes and their part of the OpenAPI document. */
import { z } from 'zod';
import { connectionDescription } from '../callback/describe.ts';
import { deviceId } from '../base/schemas.ts';
import type { Operation } from '../http/operation.ts';
import { queryNumber } from '../http/query.ts';

export const eventsQuery = z
  .strictObject({
    device: z.string({ error: 'must be one deviceId' }).optional().describe('follow this device'),
    sample: queryNumber(1, 100).optional().describe('follow this many of the next connections'),
  })
  .refine(({ device, sample }) => device === undefined || sample === undefined, {
    error: 'is not allowed together with device',
    path: ['sample'],
  });

const time = z.iso.datetime();
const place = { serverIp: z.string(), port: z.int(), podId: z.string() };

/** A connection of this pod. */
export const connectionInFull = connectionDescription.extend({
  at: time.describe('current time of the pod'),
  subprotocol: z.string().describe('empty if the device asked for none'),
  since: time.describe('when the connection entered its state'),
  cause: z.string().optional().describe('the event that led to this state'),
  next: z.array(z.object({ what: z.string(), at: time })).describe('the coming deadlines, the earliest first'),
  bytes: z.object({ received: z.int(), sent: z.int(), waiting: z.int() }),
});

/** Which pod a device is on that is not on this one. */
export const ownerOfDevice = z.object({
  deviceId,
  owner: z.object({ ...place, traceId: z.string() }),
});

export const knownPods = z.object({
  pods: z
    .array(
      z.object({
        ...place,
        state: z.enum(['serving', 'draining']),
        connections: z.int(),
        startedAt: time,
      }),
    )
    .describe('the oldest pod first'),
});

export const liveOperations = {
  events: {
    methods: ['get'],
    path: '/events',
    summary: 'Server-sent events of this pod or of some of its connections',
    query: eventsQuery,
    answers: {
      200: {
        about:
          'Without a query: an `overview` every second. With a query: a `step` for every event of the followed connections, `{"at","deviceId","traceId","event","from","to","reason"?}`. The stream ends with the last connection of a sample. `missed` says how many events the pod left out before this one because the reader was slow. There is an `alive` every 15 s.',
        content: { 'text/event-stream': z.string() },
      },
    },
    problems: ['bad-query', 'bad-device-id', 'too-many-followers'],
  },
  connectionInFull: {
    methods: ['get'],
    base: '/connections',
    path: '/{deviceId}',
    summary: "Show a device's connection in full, or the pod that it is on",
    parameters: { deviceId },
    answers: {
      200: {
        about: 'The connection on this pod, or the pod that the device is on.',
        content: { 'application/json': z.union([connectionInFull, ownerOfDevice]) },
      },
    },
    problems: ['bad-device-id', 'not-connected', 'registry-unavailable'],
  },
  close: {
    methods: ['delete'],
    base: '/connections',
    path: '/{deviceId}',
    summary: "Close a device's connection on this pod with 4503",
    parameters: { deviceId },
    headers: ['If-Match'],
    answers: { 204: { about: 'The pod closes the connection.' } },
    problems: ['bad-device-id', 'bad-precondition', 'other-origin', 'not-connected', 'other-connection'],
  },
  pods: {
    methods: ['get'],
    path: '/pods',
    summary: 'List all pods of the registry',
    answers: { 200: { about: 'All pods.', content: { 'application/json': knownPods } } },
    problems: ['registry-unavailable'],
  },
} satisfies Record<string, Operation>;
