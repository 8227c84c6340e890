/** The HTTP operations of the device port, except the connect itself, and their part of the OpenAPI document. */
import { z } from 'zod';
import type { Operation } from '../http/operation.ts';

export const deviceOperations = {
  health: {
    methods: ['get', 'head'],
    path: '/healthz',
    summary: 'Health check of load balancers; does the pod accept new devices?',
    answers: {
      200: {
        about:
          'The pod accepts new devices, as at `/readyz`: from the first contact with the registry to the start of a drain.',
        content: { 'application/json': z.object({ status: z.literal('ok') }) },
      },
    },
    problems: ['draining', 'not-ready'],
  },
} satisfies Record<string, Operation>;
