import { z } from 'zod';

/** One environment variable: its schema (from text to value), the allowed values in words, and its purpose. */
export interface Variable<T> {
  schema: z.ZodType<T, string>;
  allowed: string;
  about: string;
  /** As text of the environment. Undefined when the pod computes the default at start. */
  default?: string;
  /** Never printed. */
  secret?: boolean;
}

const variable = <T>(about: string, allowed: string, schema: z.ZodType<T, string>, fallback?: string): Variable<T> => ({
  about,
  allowed,
  schema,
  ...(fallback === undefined ? {} : { default: fallback }),
});

export const integer = (about: string, fallback: number | undefined, min: number, max: number) =>
  variable(
    about,
    `a whole number from ${min} to ${max}`,
    z
      .string()
      .regex(/^\d{1,10}$/)
      .transform(Number)
      .pipe(z.number().min(min).max(max)),
    fallback === undefined ? undefined : String(fallback),
  );

export const oneOf = <const T extends string>(about: string, values: readonly [T, ...T[]]) =>
  variable(about, values.join(' or '), z.enum(values) as z.ZodType<T, string>, values[0]);

export const matching = (about: string, allowed: string, test: (value: string) => boolean, fallback?: string) =>
  variable(about, allowed, z.string().refine(test), fallback);

export const list = (about: string, allowed: string, test: (value: string) => boolean, fallback?: string) =>
  variable(
    about,
    allowed,
    z
      .string()
      .transform((values) => values.split(',').map((value) => value.trim()))
      .pipe(z.array(z.string().refine(test))),
    fallback,
  );

export const secret = <T>(about: Variable<T>): Variable<T> => ({ ...about, secret: true });

export const port = (about: string, fallback: number) => integer(about, fallback, 0, 65_535);
export const ms = (about: string, fallback: number, min: number, max = 86_400_000) =>
  integer(about, fallback, min, max);
