/** What the operator page asks of the admin listener: routes and their part of the OpenAPI document. */
import { z } from 'zod';
import { connectionDescription } from '../callback/describe.ts';
import { deviceId } from '../base/schemas.ts';
import type { Operation } from '../http/operation.ts';
import { queryNumber } from '../http/query.ts';

export const eventsQuery = z
  .strictObject({
    device: z.string({ error: 'is one id' }).optional().describe('follow this device'),
    sample: queryNumber(1, 100).optional().describe('follow the next so many connections'),
  })
  .refine(({ device, sample }) => device === undefined || sample === undefined, {
    error: 'is for following no device',
    path: ['sample'],
  });

const time = z.iso.datetime();
const place = { serverIp: z.string(), port: z.int(), podId: z.string() };

/** A connection of this pod. */
export const connectionInFull = connectionDescription.extend({
  at: time.describe('the time on the pod'),
  subprotocol: z.string().describe('empty when none was asked for'),
  since: time.describe('when it came into its state'),
  cause: z.string().optional().describe('the event that brought it there'),
  next: z.array(z.object({ what: z.string(), at: time })).describe('what it waits for, the next first'),
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
    .describe('the oldest first'),
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
          'Without a query an `overview` every second. With one a `step` for every event that those connections are told: `{"at","deviceId","traceId","event","from","to","reason"?}`; it ends with the last of a sample. `missed` in either says how many a slow reader was not sent. And `alive` every 15 s.',
        content: { 'text/event-stream': z.string() },
      },
    },
    problems: ['bad-query', 'bad-device-id', 'too-many-followers'],
  },
  connectionInFull: {
    methods: ['get'],
    base: '/connections',
    path: '/{deviceId}',
    summary: "All that is known of a device's connection, or which pod it is on",
    parameters: { deviceId },
    answers: {
      200: {
        about: 'It is on this pod, or on another one.',
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
    answers: { 204: { about: 'It is being closed.' } },
    problems: ['bad-device-id', 'bad-precondition', 'other-origin', 'not-connected', 'other-connection'],
  },
  pods: {
    methods: ['get'],
    path: '/pods',
    summary: 'The fleet, as the registry knows it',
    answers: { 200: { about: 'Every pod.', content: { 'application/json': knownPods } } },
    problems: ['registry-unavailable'],
  },
} satisfies Record<string, Operation>;
