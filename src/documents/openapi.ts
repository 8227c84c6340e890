/** The OpenAPI 3.1 document of what the listeners answer over HTTP, made of the tables their routers are made of. */
import { z } from 'zod';
import { liveOperations } from '../admin/live-operations.ts';
import { pageOperations } from '../admin/page-operations.ts';
import { adminOperations } from '../admin/operations.ts';
import { callbackOperations } from '../callback/operations.ts';
import { deviceOperations } from '../device/operations.ts';
import type { AnswerHeader } from '../http/headers.ts';
import { answerHeaders, requestHeaders } from '../http/headers.ts';
import { malformed } from '../http/malformed.ts';
import type { Operation, Operations } from '../http/operation.ts';
import { problemBody, unrouted } from '../http/problem.ts';
import type { ProblemCode } from '../http/problems.ts';
import { kindOf } from '../http/problems.ts';
import { version } from '../version.ts';

/** What the paths of a listener have in common. */
interface Listener {
  tag: string;
  about: string;
  port: string;
  security: object[];
  /** What all its answers carry, but for a 401. */
  headers: readonly AnswerHeader[];
  /** What every operation of it can answer. */
  problems: readonly ProblemCode[];
}

const callback: Listener = {
  tag: 'callback',
  about: 'For services inside the cluster, on the callback port of any pod.',
  port: '8081',
  security: [{ token: [] }, {}],
  headers: ['Ws-Connect-Proof'],
  problems: [],
};

const admin: Listener = {
  tag: 'admin',
  about:
    'For the kubelet, Prometheus and operators, on the admin port. Any client that reaches this port can drain the pod.',
  port: '8082',
  security: [],
  headers: [],
  problems: ['other-host'],
};

const device: Listener = {
  tag: 'device',
  about: 'For load balancers, on the device port. The AsyncAPI document describes this port for devices.',
  port: '8080',
  security: [],
  headers: [],
  problems: [],
};

export function openapi() {
  return {
    openapi: '3.1.0',
    info: {
      title: 'ws-connect',
      version,
      license: { name: 'MIT', identifier: 'MIT' },
      description: `Sends messages to devices over their WebSocket connections. Errors are \`application/problem+json\` (RFC 9457) with a stable \`code\`.

A request that matches no operation of this document gets one of these answers:

${explain([...Object.values(unrouted).map(({ code }) => code), ...malformed])}`,
    },
    servers: [serverOf(callback)],
    tags: [callback, admin, device].map(({ tag, about }) => ({ name: tag, description: about })),
    paths: {
      ...pathsOf(callbackOperations, callback),
      ...pathsOf({ ...adminOperations, ...liveOperations, ...pageOperations }, admin),
      ...pathsOf(deviceOperations, device),
    },
    components: {
      schemas: { Problem: schemaOf(problemBody) },
      parameters: Object.fromEntries(
        Object.entries(requestHeaders).map(([name, schema]) => [name, parameter('header', name, schema)]),
      ),
      headers: Object.fromEntries(Object.entries(answerHeaders).map(([name, schema]) => [name, described(schema)])),
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description:
            'One of `CALLBACK_TOKENS`, or the hop token derived from it for this pod. Needed if the pods run with `CALLBACK_AUTH=bearer`.',
        },
      },
    },
  };
}

function serverOf({ about, port }: Listener, base = '') {
  return {
    url: `http://{pod}:{port}${base}`,
    description: about,
    variables: { pod: { default: '127.0.0.1', description: 'the address of the pod' }, port: { default: port } },
  };
}

function pathsOf(operations: Operations, listener: Listener): Record<string, object> {
  const paths: Record<string, object> = {};
  for (const [name, operation] of Object.entries(operations)) {
    const { base, path, methods, parameters = {} } = operation;
    paths[path] ??= {
      ...(listener !== callback && { servers: [serverOf(listener, base)] }),
      parameters: Object.entries(parameters).map(([key, schema]) => parameter('path', key, schema)),
    };
    for (const method of methods) {
      const operationId = `${method}${name[0]!.toUpperCase()}${name.slice(1)}`;
      Object.assign(paths[path], { [method]: { operationId, ...operationOf(operation, listener, method === 'head') } });
    }
  }
  return paths;
}

function operationOf(operation: Operation, listener: Listener, bodiless: boolean) {
  const { tag, security, problems: shared } = listener;
  const { summary, query, headers = [], body, answers, problems } = operation;
  const success = Object.entries(answers).map(([status, { about, headers: own = [], content = {} }]) => {
    const names = [...own, ...listener.headers];
    const shown = !bodiless && { content: contentOf(content) };
    return [status, { description: about, headers: headersOf(names, names), ...shown }];
  });
  const parameters = [
    ...Object.entries(query?.shape ?? {}).map(([name, schema]) => parameter('query', name, schema as z.ZodType)),
    ...headers.map((name) => ({ $ref: `#/components/parameters/${name}` })),
  ];
  return {
    tags: [tag],
    summary,
    security,
    parameters,
    ...(body && { requestBody: { description: body.about, content: contentOf(body.content ?? {}) } }),
    responses: {
      ...(Object.fromEntries(success) as object),
      ...problemAnswers([...problems, ...shared], listener, bodiless),
      default: problemAnswer(['internal-error'], listener, bodiless),
    },
  };
}

function problemAnswers(codes: readonly ProblemCode[], listener: Listener, bodiless: boolean): Record<number, object> {
  const statuses = new Set(codes.map((code) => kindOf(code).status));
  const answers = [...statuses].map((status) => {
    const ofStatus = codes.filter((code) => kindOf(code).status === status);
    return [status, problemAnswer(ofStatus, listener, bodiless)] as const;
  });
  return Object.fromEntries(answers);
}

function problemAnswer(codes: readonly ProblemCode[], listener: Listener, bodiless: boolean) {
  const headers = codes.map((code) => {
    const { status, headers: own = [] } = kindOf(code);
    return status === 401 ? own : [...own, ...listener.headers];
  });
  const always = headers[0]!.filter((name) => headers.every((names) => names.includes(name)));
  const sometimes = codes.flatMap((code) => kindOf(code).mayHave ?? []);
  const schema = {
    allOf: [{ $ref: '#/components/schemas/Problem' }],
    properties: { status: { enum: [...new Set(codes.map((code) => kindOf(code).status))] }, code: { enum: codes } },
  };
  return {
    description: explain(codes),
    headers: headersOf([...new Set([...headers.flat(), ...sometimes])], always),
    ...(!bodiless && { content: { 'application/problem+json': { schema } } }),
  };
}

/** A list in Markdown. */
function explain(codes: readonly ProblemCode[]): string {
  return codes.map((code) => `* ${kindOf(code).status} \`${code}\`: ${kindOf(code).when}`).join('\n');
}

/** `always`: those no such answer is without. */
function headersOf(names: readonly AnswerHeader[], always: readonly AnswerHeader[]): Record<string, object> {
  const entries = names.map((name) => {
    return [name, { ...described(answerHeaders[name]), required: always.includes(name) }] as const;
  });
  return Object.fromEntries(entries);
}

function contentOf(content: Record<string, z.ZodType>): Record<string, object> {
  return Object.fromEntries(Object.entries(content).map(([type, schema]) => [type, { schema: schemaOf(schema) }]));
}

function parameter(where: 'path' | 'query' | 'header', name: string, schema: z.ZodType) {
  const isRequired = where === 'path' || (where === 'query' && !schema.safeParse(undefined).success);
  return { name, in: where, required: isRequired, ...described(schema) };
}

function described(schema: z.ZodType) {
  const { description, ...rest } = schemaOf(schema);
  return { ...(description !== undefined && { description }), schema: rest };
}

/** What comes out of a query is told of, not the text that stands in it. */
function schemaOf(schema: z.ZodType) {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { target: 'draft-2020-12', io: 'output' });
  return rest;
}
