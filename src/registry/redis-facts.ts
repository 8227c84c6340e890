import type { Redis } from 'ioredis';

/**
 * Reads the `maxmemory-policy` of these servers with INFO, or else with CONFIG GET, because hosted Redis services often allow only one of
 * them, or neither. The result is `noeviction` also if there is no memory limit, and undefined if no server answers. If one of the servers
 * evicts, the result is its policy.
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
    return undefined; // if it is forbidden, the policy is unknown
  }
}

async function fromConfig(server: Redis): Promise<Facts> {
  try {
    const pairs = await server.config('GET', 'maxmemory*');
    return Object.fromEntries(
      pairs.flatMap((name, index) => (index % 2 === 0 ? [[name, pairs[index + 1] ?? '']] : [])),
    );
  } catch {
    return undefined; // the same here
  }
}
