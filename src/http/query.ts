import type { ParsedUrlQuery } from 'node:querystring';
import { z } from 'zod';
import { Problem } from './problem.ts';
import type { ProblemCode } from './problems.ts';

/** A whole number in a query. */
export function queryNumber(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(new RegExp(`^\\d{1,${String(max).length}}$`), { error, abort: true })
    .transform(Number)
    .pipe(z.int().min(min, error).max(max, error));
}

/** One of these words in a query. */
export function queryWord<const T extends readonly [string, ...string[]]>(...words: T) {
  return z.enum(words, `must be ${words.join(' or ')}`);
}

/** What a query means. Throws a `Problem` 400 that says what is wrong with it. */
export function parseQuery<T extends z.ZodObject>(
  schema: T,
  query: ParsedUrlQuery,
  code: ProblemCode = 'bad-query',
): z.infer<T> {
  const parsed = schema.safeParse(query);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Problem({ code, detail: explain(issue!, schema, query) });
}

function explain({ code, path, message }: z.core.$ZodIssue, { shape }: z.ZodObject, query: ParsedUrlQuery): string {
  if (code === 'unrecognized_keys') return `the query has an unknown parameter. Use ${Object.keys(shape).join(', ')}`;
  const name = String(path[0]);
  return Array.isArray(query[name]) ? `${name} is given more than once` : `${name} ${message}`;
}
