import { STATUS_CODES } from 'node:http';
import type { Context, Next } from 'koa';

export interface ProblemOptions {
  status: number;
  /** Stable word a client can branch on. */
  code: string;
  detail: string;
  headers?: Record<string, string>;
}

/** An answer that is an error, as `application/problem+json` (RFC 9457). Thrown by handlers, answered in one place. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Record<string, string>;

  constructor({ status, code, detail, headers = {} }: ProblemOptions) {
    super(detail);
    this.name = 'Problem';
    this.status = status;
    this.code = code;
    this.headers = { ...headers, 'Content-Type': 'application/problem+json' };
  }

  toJSON(): object {
    return {
      type: 'about:blank',
      title: STATUS_CODES[this.status],
      status: this.status,
      code: this.code,
      detail: this.message,
    };
  }
}

export function badDeviceId(): Problem {
  const detail = 'a deviceId is 1 to 128 of A-Z a-z 0-9 . _ : - and neither "." nor ".."';
  return new Problem({ status: 400, code: 'bad-device-id', detail });
}

/** What the router leaves without a body when no route fits. */
const unrouted: Record<number, { code: string; detail: string }> = {
  404: { code: 'no-such-route', detail: 'there is nothing at this path' },
  405: { code: 'method-not-allowed', detail: 'the Allow header names the methods of this path' },
  501: { code: 'method-unknown', detail: 'this server does not know the method' },
};

const unexpected = () =>
  new Problem({ status: 500, code: 'internal-error', detail: 'the request failed; the log says why' });

/** Answers every `Problem` thrown below it, and what no route has answered. Anything else is our fault: 500, and logged by `onError`. */
export function answerProblems(onError: (error: unknown) => void) {
  return async (ctx: Context, next: Next): Promise<void> => {
    try {
      await next();
      const reason = unrouted[ctx.status];
      if (reason && !ctx.body) throw new Problem({ status: ctx.status, ...reason });
    } catch (error) {
      const problem = error instanceof Problem ? error : unexpected();
      if (problem !== error) onError(error);
      ctx.status = problem.status;
      ctx.set(problem.headers);
      ctx.body = JSON.stringify(problem);
    }
  };
}
