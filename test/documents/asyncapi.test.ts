import specs from '@asyncapi/specs';
import addFormats from 'ajv-formats';
import { Ajv } from 'ajv';
import { expect, it } from 'vitest';
import { asyncapi } from '../../src/documents/asyncapi.ts';
import { ask } from '../support/ask.ts';
import { runPod } from '../support/running.ts';

it('is valid AsyncAPI 3.0', () => {
  const ajv = new Ajv({ strict: false, meta: false, validateSchema: false }); // the schema brings its own meta schema
  addFormats.default(ajv);

  ajv.validate(specs.schemas['3.0.0'], asyncapi());

  expect(ajv.errors).toBeNull();
});

it('refers to nothing that is not there', () => {
  const text = JSON.stringify(asyncapi());
  const references = [...text.matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, pointer]) => pointer!.split('/'));

  const missing = references.filter((keys) => {
    return keys.reduce<unknown>((node, key) => (node as Record<string, unknown>)?.[key], asyncapi()) === undefined;
  });

  expect(references.length).toBeGreaterThan(0);
  expect(missing).toEqual([]);
});

it('is served as it is', async () => {
  const pod = await runPod();

  const { json } = await ask(pod.callback, '/asyncapi.json');

  expect(json).toEqual(JSON.parse(JSON.stringify(asyncapi())));
});
