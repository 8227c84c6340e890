/** What the admin listener can do: its routes and its part of the OpenAPI document. */
import { z } from 'zod';
import { connectionDescription } from '../callback/describe.ts';
import { drainProgress, drainReport } from '../drain/drain-report.ts';
import type { Operation } from '../http/operation.ts';
import { queryNumber, queryWord } from '../http/query.ts';
import { machineFormats } from './machines.ts';

const text = z.string({ error: 'is text' });

export const connectionsQuery = z.strictObject({
  state: text.default('').describe('only those in this state; `registered` finds `registered.idle` too'),
  prefix: text.default('').describe('only devices whose id begins so'),
  limit: queryNumber(1, 1000).default(100).describe('at most so many'),
});

export const machineQuery = z.strictObject({ format: queryWord(...machineFormats).default('json') });

const ok = { 'application/json': z.object({ status: z.literal('ok') }) };

export const adminOperations = {
  livez: {
    methods: ['get'],
    path: '/livez',
    summary: 'Liveness; never asks Redis',
    answers: { 200: { about: 'The event loop runs, draining included.', content: ok } },
    problems: [],
  },
  readyz: {
    methods: ['get'],
    path: '/readyz',
    summary: 'Readiness: are new devices welcome',
    answers: {
      200: { about: 'From the first contact with the registry to the start of a drain.', content: ok },
    },
    problems: ['not-ready'],
  },
  preStop: {
    methods: ['get', 'post'],
    path: '/pre-stop',
    summary: 'Start the drain, or join the running one',
    answers: { 200: { about: 'The drain is over.', content: { 'application/json': drainReport } } },
    problems: ['other-origin'],
  },
  drain: {
    methods: ['get'],
    path: '/drain',
    summary: 'How far the drain is',
    answers: { 200: { about: 'At any time.', content: { 'application/json': drainProgress } } },
    problems: [],
  },
  metrics: {
    methods: ['get'],
    path: '/metrics',
    summary: 'Metrics for Prometheus',
    answers: { 200: { about: 'Prometheus text.', content: { 'text/plain': z.string() } } },
    problems: [],
  },
  connections: {
    methods: ['get'],
    path: '/connections',
    summary: "A page of this pod's connections",
    query: connectionsQuery,
    answers: {
      200: {
        about: 'Those that fit, of `total` there are.',
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
        about: "The chart as XState's JSON, as Mermaid, or as a picture.",
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
