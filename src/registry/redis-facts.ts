import type { Redis } from 'ioredis';

/**
 * The `maxmemory-policy` of these servers, by INFO or else by CONFIG GET: services that run a Redis for others often allow only one of
 * them, or neither. `noeviction` also when there is no limit to the memory; undefined when no server tells.
 * The first that evicts speaks for all.
 */
export async function readEvictionPolicy(servers: readonly Redis[]): Promise<string | undefined> {
  const policies = await Promise.all(servers.map(policyOf));
  return policies.find((policy) => policy !== undefined && policy !== 'noeviction') ?? policies.find(Boolean);
}

async function policyOf(server: Redis): Promise<string | undefined> {
  const facts = (await fromInfo(server)) ?? (await fromConfig(server));
  if (facts?.['maxmemory'] === '0') return 'noeviction';
  return facts?.['maxmemory-policy'];
}

type Facts = Record<string, string> | undefined;

async function fromInfo(server: Redis): Promise<Facts> {
  try {
    const lines = [...(await server.info('memory')).matchAll(/^(maxmemory|maxmemory_policy):(.*?)\r?$/gm)];
    const facts = Object.fromEntries(lines.map(([, name = '', value = '']) => [name.replace('_', '-'), value]));
    return 'maxmemory-policy' in facts ? facts : undefined;
  } catch {
    return undefined; // it may be forbidden: then it is not known
  }
}

async function fromConfig(server: Redis): Promise<Facts> {
  try {
    const pairs = await server.config('GET', 'maxmemory*');
    return Object.fromEntries(
      pairs.flatMap((name, index) => (index % 2 === 0 ? [[name, pairs[index + 1] ?? '']] : [])),
    );
  } catch {
    return undefined; // likewise
  }
}
