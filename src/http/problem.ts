import { STATUS_CODES } from 'node:http';
import type { Context, Next } from 'koa';
import { z } from 'zod';
import type { ProblemCode } from './problems.ts';
import { kindOf, problemCodes } from './problems.ts';

/** The body of an answer that is an error (RFC 9457). */
export const problemBody = z.object({
  type: z.literal('about:blank'),
  title: z.string(),
  status: z.int(),
  code: z.enum(problemCodes).describe('stable code of the problem, for programs'),
  detail: z.string().describe('explanation for people; the text can change'),
});

export interface ProblemOptions {
  code: ProblemCode;
  detail: string;
  headers?: Record<string, string>;
}

/** An answer that is an error, as `application/problem+json` (RFC 9457). Thrown by handlers, answered in one place. */
export class Problem extends Error {
  readonly status: number;
  readonly code: ProblemCode;
  readonly headers: Record<string, string>;

  constructor({ code, detail, headers = {} }: ProblemOptions) {
    super(detail);
    this.name = 'Problem';
    this.status = kindOf(code).status;
    this.code = code;
    this.headers = { ...headers, 'Content-Type': 'application/problem+json' };
  }

  toJSON(): z.infer<typeof problemBody> {
    return {
      type: 'about:blank',
      title: STATUS_CODES[this.status] ?? '',
      status: this.status,
      code: this.code,
      detail: this.message,
    };
  }
}

export function badDeviceId(): Problem {
  const detail = 'a deviceId must be 1 to 128 of A-Z a-z 0-9 . _ : - and neither "." nor ".."';
  return new Problem({ code: 'bad-device-id', detail });
}

/** What the router leaves without a body when no route fits. */
export const unrouted: Record<number, ProblemOptions> = {
  404: { code: 'no-such-route', detail: 'there is nothing at this path' },
  405: {
    code: 'method-not-allowed',
    detail: 'the path does not support this method; the Allow header lists the supported methods',
  },
  501: { code: 'method-unknown', detail: 'no path supports this method' },
};

const unexpected = () =>
  new Problem({ code: 'internal-error', detail: 'an internal error of the pod; its log says why' });

/** Answers every `Problem` thrown below it, and what no route has answered. Anything else is our fault: 500, and logged by `onError`. */
export function answerProblems(onError: (error: unknown) => void) {
  return async (ctx: Context, next: Next): Promise<void> => {
    try {
      await next();
      const reason = unrouted[ctx.status];
      if (reason && !ctx.body) throw new Problem(reason);
    } catch (error) {
      const problem = error instanceof Problem ? error : unexpected();
      if (problem !== error) onError(error);
      ctx.status = problem.status;
      ctx.set(problem.headers);
      ctx.body = JSON.stringify(problem);
    }
  };
}
