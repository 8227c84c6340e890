/** The operator page in the OpenAPI document. */
import { z } from 'zod';
import type { AnswerHeader } from '../http/headers.ts';
import type { Operation } from '../http/operation.ts';

const headers: AnswerHeader[] = ['ETag'];
const unchanged = { about: '`If-None-Match` names the current version.', headers };

export const pageOperations = {
  page: {
    methods: ['get'],
    path: '/',
    summary: 'The operator page',
    answers: { 200: { about: 'HTML.', headers, content: { 'text/html': z.string() } }, 304: unchanged },
    problems: [],
  },
  pageFile: {
    methods: ['get'],
    path: '/page/{file}',
    summary: 'A file of the operator page',
    parameters: { file: z.string() },
    answers: {
      200: {
        about: 'The style sheet, the icon or the script of the page.',
        headers,
        content: { 'text/css': z.string(), 'image/svg+xml': z.string(), 'text/javascript': z.string() },
      },
      304: unchanged,
    },
    problems: ['no-such-route'],
  },
} satisfies Record<string, Operation>;
