import { readFileSync } from 'node:fs';
import type Router from '@koa/router';
import { Validator } from '@seriousme/openapi-schema-validator';
import { expect, it } from 'vitest';
import type { LiveOptions } from '../../src/admin/live-routes.ts';
import { liveRoutes } from '../../src/admin/live-routes.ts';
import { pageRoutes } from '../../src/admin/page-routes.ts';
import type { AdminOptions } from '../../src/admin/routes.ts';
import { adminRoutes } from '../../src/admin/routes.ts';
import { resultCodes } from '../../src/callback/batch-operation.ts';
import type { CallbackOptions } from '../../src/callback/routes.ts';
import { callbackRoutes } from '../../src/callback/routes.ts';
import { refusals } from '../../src/device/admission.ts';
import { openapi } from '../../src/documents/openapi.ts';
import { malformed } from '../../src/http/malformed.ts';
import { unrouted } from '../../src/http/problem.ts';
import { problemCodes } from '../../src/http/problems.ts';
import { ask } from '../support/ask.ts';
import { runPod } from '../support/running.ts';
import { documented } from '../support/walk/documented.ts';

it('is valid OpenAPI 3.1', async () => {
  const validator = new Validator();

  const { valid, errors } = await validator.validate(structuredClone(openapi()));

  expect(errors).toBeUndefined();
  expect(valid).toBe(true);
  expect(validator.version).toBe('3.1');
});

it.each([
  ['callback', [callbackRoutes({ documents: {} } as CallbackOptions, () => {})]],
  ['admin', [adminRoutes({} as AdminOptions), liveRoutes({} as LiveOptions).router, pageRoutes()]],
])('tells of each route of the %s listener, and of no other', (tag, routers) => {
  const told = documented(tag).map((line) => line.split(' ').slice(0, 2).join(' '));

  // GET brings HEAD along; it is told of where it is of use
  const both = new Set([
    ...told,
    ...told.filter((line) => line.startsWith('get')).map((line) => `head${line.slice(3)}`),
  ]);
  expect(both).toEqual(new Set(routers.flatMap(routesOf)));
});

function routesOf({ stack }: Router): string[] {
  return stack.flatMap(({ methods, path }) => {
    return methods.map((method) => `${method.toLowerCase()} ${String(path).replace('{*', '{')}`);
  });
}

it('tells of every problem there is', () => {
  const told = [...documented('callback'), ...documented('admin')].map((line) => line.split(' ')[3]!);

  const outside = [...Object.values(unrouted).map(({ code }) => code), ...malformed, ...refusals, ...resultCodes];
  const unheard = 'aborted'; // its caller has gone
  expect(new Set([...told.filter(Boolean), ...outside, 'internal-error', unheard])).toEqual(new Set(problemCodes));
});

it('has the version of the package', () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };

  expect(openapi().info.version).toBe(version);
});

it('is served as it is', async () => {
  const pod = await runPod();

  const { json } = await ask(pod.callback, '/openapi.json');

  expect(json).toEqual(JSON.parse(JSON.stringify(openapi())));
});
