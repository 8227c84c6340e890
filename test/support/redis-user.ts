import type { Redis } from 'ioredis';

/** What a user of one server, or of servers under Sentinel, has to be allowed beside the keys of the prefix. */
export const serverRules = [
  '+get',
  '+getex',
  '+set',
  '+del',
  '+sadd',
  '+srem',
  '+smembers',
  '+eval',
  '+evalsha',
  '+time',
  '+info',
];
/** What it needs at the nodes of a Cluster: `asking` while a slot moves, and the last three only to be refused nothing. */
export const clusterRules = [...serverRules, '+cluster|slots', '+asking', '+readonly', '+readwrite', '+client|setname'];

const password = 'pass-word';

/** Makes these servers know a user who may do what `rules` say and no more. Returns the URL with its name and password. */
export async function createUser(name: string, rules: string[], { url, clients }: { url: string; clients: Redis[] }) {
  for (const client of clients) {
    await client.acl('SETUSER', name, 'reset', 'on', `>${password}`, '~test:*', ...rules);
    await client.acl('LOG', 'RESET');
  }
  return url.replace('://', `://${name}:${password}@`);
}

/** What the servers have refused to anyone. */
export async function refusals(clients: Redis[]): Promise<string[]> {
  const logs = (await Promise.all(clients.map((client) => client.acl('LOG')))) as string[][][];
  return logs.flat().map((entry) => String(entry[entry.indexOf('object') + 1]));
}
