/** What is no connect and yet answered on the device listener, and its part of the OpenAPI document. */
import { z } from 'zod';
import type { Operation } from '../http/operation.ts';

export const deviceOperations = {
  health: {
    methods: ['get', 'head'],
    path: '/healthz',
    summary: 'Should a load balancer send devices to this pod',
    answers: {
      200: {
        about: 'From the first contact with the registry to the start of a drain, as at `/readyz`.',
        content: { 'application/json': z.object({ status: z.literal('ok') }) },
      },
    },
    problems: ['draining', 'not-ready'],
  },
} satisfies Record<string, Operation>;
