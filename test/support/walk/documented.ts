import addFormats from 'ajv-formats';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { openapi } from '../../../src/documents/openapi.ts';
import type { Answer } from '../ask.ts';
import type { WalkRequest } from './step.ts';
import { methodOf } from './step.ts';

interface DocumentedAnswer {
  headers: Record<string, { required: boolean; schema: object }>;
  content?: Record<string, { schema: { properties?: { code?: { enum: string[] } } } }>;
}

interface PathItem {
  servers?: { url: string }[];
  [method: string]: unknown;
}

/** One method of one path, as it stands in a request. */
interface DocumentedOperation {
  tag: string;
  method: string;
  path: string;
  responses: Record<string, DocumentedAnswer>;
}

/** The document as anybody reads it. */
const document = JSON.parse(JSON.stringify(openapi())) as {
  servers: { url: string }[];
  paths: Record<string, PathItem>;
  components: { schemas: object };
};
const ajv = new Ajv2020({ strict: false });
addFormats.default(ajv);
ajv.addSchema({ $id: 'document', components: document.components });

const operations = Object.entries(document.paths).flatMap(([path, item]) => operationsOf(path, item));

function operationsOf(path: string, item: PathItem): DocumentedOperation[] {
  const { servers = document.servers } = item;
  const base = servers[0]!.url.replace('http://{pod}:{port}', '');
  return ['get', 'head', 'post', 'delete']
    .filter((method) => method in item)
    .map((method) => {
      const { tags, responses } = item[method] as { tags: string[]; responses: DocumentedOperation['responses'] };
      return { tag: tags[0]!, method, path: `${base}${path}`, responses };
    });
}

/** Everything the document says of this listener, as `get /livez 200` or `get /readyz 503 not-ready`. */
export function documented(listener: string): string[] {
  const found: string[] = [];
  for (const { method, path, responses } of operations.filter(({ tag }) => tag === listener)) {
    for (const [status, { content }] of Object.entries(responses)) {
      if (status === 'default') continue; // what is our fault
      const codes = content?.['application/problem+json']?.schema.properties?.code?.enum ?? [''];
      found.push(...codes.map((code) => `${method} ${path} ${status} ${code}`.trim()));
    }
  }
  return found;
}

/** The same of an answer of this listener. Throws when the document does not tell of it, or tells of another one. */
export function verify(listener: string, request: WalkRequest, answer: Answer): string {
  const operation = operationOf(listener, request);
  const code = answer.headers['content-type'] === 'application/problem+json' ? codeOf(answer) : '';
  const told = `${methodOf(request).toLowerCase()} ${operation?.path ?? '*'} ${answer.status} ${code}`.trim();
  if (!operation) {
    check(told, answer.json, { $ref: 'document#/components/schemas/Problem' });
    return told;
  }
  const expected = operation.responses[answer.status] ?? operation.responses['default']!;
  verifyHeaders(told, expected, answer);
  verifyBody(told, expected, answer);
  return told;
}

function verifyHeaders(told: string, { headers }: DocumentedAnswer, answer: Answer): void {
  for (const [name, { required, schema }] of Object.entries(headers)) {
    const value = answer.headers[name.toLowerCase()];
    if (value === undefined && required) throw new Error(`${told}: no ${name}`);
    if (value !== undefined) check(`${told}: ${name}`, value, schema);
  }
  const known = [
    'accept-encoding',
    'accept-post',
    'etag',
    'retry-after',
    'ws-connect-pod',
    'ws-connect-proof',
    'www-authenticate',
    'allow',
  ];
  for (const name of known) {
    const isTold = Object.keys(headers).some((header) => header.toLowerCase() === name);
    if (name in answer.headers && !isTold) throw new Error(`${told}: ${name} is not documented`);
  }
}

function verifyBody(told: string, { content }: DocumentedAnswer, { headers, body, json }: Answer): void {
  const [type] = (headers['content-type'] ?? '').split(';');
  if (!content || Object.keys(content).length === 0) {
    if (body.length > 0) throw new Error(`${told}: a body that is not documented`);
    return;
  }
  const media = content[type!];
  if (!media) throw new Error(`${told}: the type ${type} is not documented`);
  const values = type === 'application/x-ndjson' ? linesOf(body) : [json ?? body.toString()];
  for (const value of values) check(told, value, media.schema);
}

function linesOf(body: Buffer): unknown[] {
  return body
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}

function check(what: string, value: unknown, schema: object): void {
  const text = JSON.stringify(schema).replaceAll('"#/', '"document#/');
  if (!ajv.validate(JSON.parse(text) as object, value)) throw new Error(`${what}: ${ajv.errorsText()}`);
}

function operationOf(listener: string, request: WalkRequest): DocumentedOperation | undefined {
  const [requested = ''] = request.path.split('?');
  const asked = methodOf(request).toLowerCase();
  return operations.find(({ tag, method, path }) => {
    const fits = new RegExp(`^${path.replace(/\{\w+\}/, '.*')}$`).test(requested);
    return tag === listener && method === asked && fits;
  });
}

function codeOf({ json }: Answer): string {
  return json === undefined ? '' : String((json as { code: unknown }).code);
}
