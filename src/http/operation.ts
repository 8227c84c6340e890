import type { RouterContext } from '@koa/router';
import Router from '@koa/router';
import type { z } from 'zod';
import type { AnswerHeader, RequestHeader } from './headers.ts';
import type { ProblemCode } from './problems.ts';

export type Method = 'get' | 'head' | 'post' | 'delete';

/** What the listeners can do: what the router serves and OpenAPI tells of. */
export interface Operation {
  methods: readonly Method[];
  /** As in OpenAPI: `/callback/{deviceId}`. */
  path: string;
  /** What stands before it. In the document it goes to the server, for there a path can be but once, whatever the listener. */
  base?: string;
  summary: string;
  /** The placeholders of the path. */
  parameters?: Record<string, z.ZodType>;
  query?: z.ZodObject;
  headers?: readonly RequestHeader[];
  body?: Content & { about: string };
  /** What is answered when all is well, by status. */
  answers: Record<number, Content & { about: string; headers?: readonly AnswerHeader[] }>;
  problems: readonly ProblemCode[];
}

interface Content {
  /** By media type; without it there is no body. */
  content?: Record<string, z.ZodType>;
}

export type Operations = Record<string, Operation>;

export type Handle = (ctx: RouterContext) => Promise<void> | void;

/** A router of these operations and nothing else. A placeholder takes the rest of the path, slashes and all. */
export function createRouter<Name extends string>(
  operations: Record<Name, Operation>,
  handlers: Record<Name, Handle>,
): Router {
  const router = new Router();
  for (const [name, { methods, base = '', path }] of Object.entries<Operation>(operations)) {
    const route = `${base}${path.replace('{', '{*')}`;
    router.register(
      route,
      methods.map((method) => method.toUpperCase()),
      handlers[name as Name],
    );
  }
  return router;
}
