import { fileURLToPath } from 'node:url';
import { Child } from '../child.ts';
import { findPython } from '../python.ts';
import { findRedisCli } from '../redis-server.ts';

/** What an example of a service is to send. */
export interface Push {
  deviceId: string;
  body: Buffer;
  contentType: string;
  /** Seconds it goes on trying. */
  patience: number;
  /** `REDIS_URL` and the like. */
  env: Record<string, string>;
}

/** Runs an example of a service, which ends by itself. */
export type Service = (push: Push) => Promise<Child>;

export const pythonService: Service = async ({ deviceId, body, contentType, patience, env }) => {
  const python = await findPython();
  const args = [pathOf('python/service.py'), deviceId, '--type', contentType, '--patience', String(patience)];
  return fed(new Child(python.command, args, { env: { ...python.env, ...env } }), body);
};

export const shellService: Service = async ({ deviceId, body, contentType, patience, env }) => {
  const tools = await findRedisCli();
  const options = { env: { ...tools, ...env, PATIENCE: String(patience) } };
  return fed(new Child(pathOf('shell/push.sh'), [deviceId, contentType], options), body);
};

export const nodeService: Service = async ({ deviceId, body, contentType, patience, env }) => {
  const args = [pathOf('node/service.js'), deviceId, '--type', contentType, '--patience', String(patience)];
  return fed(new Child(process.execPath, args, { env }), body);
};

/** The examples of services by name. */
export const services: [string, Service][] = [
  ['node/service.js', nodeService],
  ['python/service.py', pythonService],
  ['shell/push.sh', shellService],
];

/** Where an example is. */
export function pathOf(example: string): string {
  return fileURLToPath(new URL(`../../../examples/${example}`, import.meta.url));
}

function fed(child: Child, body: Buffer): Child {
  child.feed(body);
  return child;
}
