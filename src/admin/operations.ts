/** What the admin listener can do: its routes and its part of the OpenAPI document. */
import { z } from 'zod';
import { connectionDescription } from '../callback/describe.ts';
import { drainProgress, drainReport } from '../drain-report.ts';
import type { Operation } from '../http/operation.ts';
import { queryNumber, queryWord } from '../http/query.ts';
import { machineFormats } from './machines.ts';

const text = z.string({ error: 'must be text' });

export const connectionsQuery = z.strictObject({
  state: text.default('').describe('only connections in this state; `registered` includes `registered.idle`'),
  prefix: text.default('').describe('only devices whose deviceId begins with this text'),
  limit: queryNumber(1, 1000).default(100).describe('largest number of connections to list'),
});

export const machineQuery = z.strictObject({ format: queryWord(...machineFormats).default('json') });

const ok = { 'application/json': z.object({ status: z.literal('ok') }) };

export const adminOperations = {
  livez: {
    methods: ['get'],
    path: '/livez',
    summary: 'Liveness; never asks Redis',
    answers: { 200: { about: 'The event loop runs, also during a drain.', content: ok } },
    problems: [],
  },
  readyz: {
    methods: ['get'],
    path: '/readyz',
    summary: 'Readiness; does the pod accept new devices?',
    answers: {
      200: {
        about: 'The pod accepts new devices: from the first contact with the registry to the start of a drain.',
        content: ok,
      },
    },
    problems: ['not-ready'],
  },
  preStop: {
    methods: ['get', 'post'],
    path: '/pre-stop',
    summary: 'Start the drain, or wait for the running one',
    answers: { 200: { about: 'The drain has ended.', content: { 'application/json': drainReport } } },
    problems: ['other-origin'],
  },
  drain: {
    methods: ['get'],
    path: '/drain',
    summary: 'Progress of the drain',
    answers: {
      200: { about: 'The progress, also when no drain is running.', content: { 'application/json': drainProgress } },
    },
    problems: [],
  },
  metrics: {
    methods: ['get'],
    path: '/metrics',
    summary: 'Metrics for Prometheus',
    answers: { 200: { about: 'The metrics in the text format of Prometheus.', content: { 'text/plain': z.string() } } },
    problems: [],
  },
  connections: {
    methods: ['get'],
    path: '/connections',
    summary: 'List connections of this pod',
    query: connectionsQuery,
    answers: {
      200: {
        about: 'The connections that match. `total` counts all connections of the pod.',
        content: {
          'application/json': z.object({ total: z.int(), connections: z.array(connectionDescription) }),
        },
      },
    },
    problems: ['bad-query'],
  },
  machine: {
    methods: ['get'],
    path: '/machines/{name}',
    summary: 'A statechart: connection or pod',
    parameters: { name: z.enum(['connection', 'pod']) },
    query: machineQuery,
    answers: {
      200: {
        about: 'The chart as XState JSON, as a Mermaid diagram, or as a picture.',
        content: {
          'application/json': z.looseObject({ id: z.string() }),
          'text/plain': z.string(),
          'image/svg+xml': z.string(),
        },
      },
    },
    problems: ['bad-query', 'no-such-machine'],
  },
} satisfies Record<string, Operation>;
