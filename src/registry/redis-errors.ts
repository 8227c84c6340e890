/** What Redis means by its error replies, for the circuit breaker and for whoever reads the log. */

/** These mean that the server can do nothing for an entry, not even keep it: with all of them a refresh is refused too. */
const outages = new Set(['READONLY', 'LOADING', 'MASTERDOWN', 'CLUSTERDOWN', 'BUSY', 'NOREPLICAS', 'MISCONF']);

const otherKind =
  'REDIS_URL has the scheme of another kind of server. Use redis://, redis+sentinel:// or redis+cluster://';

const advice: [RegExp, string][] = [
  [/^(MOVED|ASK)\b|CLUSTERDOWN/, 'this server belongs to a Cluster. Use redis+cluster://'],
  [/unknown command ['`]getex/i, 'ws-connect needs Redis 6.2 or later, without renamed commands'],
  [/unknown (sub)?command ['`](sentinel|cluster|get)['`]|cluster support disabled/i, otherKind],
  [/unknown command/i, 'ws-connect needs this command, but the server has renamed or disabled it'],
  [
    /^NOPERM|The user executing the script/,
    'the user of REDIS_URL lacks a right. docs/deploying.md lists the rights it needs',
  ],
  [/\b(NOAUTH|WRONGPASS)\b|invalid password/, 'check the user and the password'],
  [/^OOM/, 'Redis is full (maxmemory). New devices cannot be registered; registered devices stay registered'],
  [/^READONLY/, 'this server is a replica. Use its master, or its Sentinels with redis+sentinel://'],
  [/^MISCONF/, 'Redis cannot save to its disk and refuses all writes, so entries expire with their leases'],
  [/^NOREPLICAS/, 'Redis has too few replicas and refuses all writes, so entries expire with their leases'],
  [/No such master|invalid reply: null/, 'the Sentinels do not know the master that REDIS_URL names'],
];

/** The word an error reply begins with. Before Redis 7 it stands further back when a script was refused something. */
export function codeOf(message: string): string {
  const [, ofScript, first] = /^ERR Error running script[^]*?-([A-Z]+) |^([A-Z]+)/.exec(message) ?? [];
  return ofScript ?? first ?? '';
}

/** The memory is full. Redis refuses what needs more of it; GETEX, GET and DEL go on. */
export function isFull(message: string): boolean {
  return codeOf(message) === 'OOM';
}

/** The server cannot do anything for the registry, as if it were not there. */
export function isOutage(message: string): boolean {
  return outages.has(codeOf(message));
}

/** The message without what differs each time, so that the same trouble is known again. */
export function shapeOf(message: string): string {
  const redirection = /^(MOVED|ASK) /.exec(message)?.[1]; // to a slot and a node
  return redirection ?? message.replace(told, '').replace(/\b[0-9a-f]{40}\b/g, 'script');
}

/** What ioredis puts before the reason, once for a Sentinel or a node and once for all. */
const told =
  /^(Sentinel \S+: |failed to connect to sentinel \S+ because |All sentinels are unreachable.*Last error: |Failed to refresh slots cache. )/;

/** What to do about it, in a clause; undefined when Redis' own words have to do. */
export function adviceOn(message: string): string | undefined {
  const reason = message.replace(told, '');
  return advice.find(([shape]) => shape.test(reason))?.[1];
}

/** Redis repeats what an unknown command was given, and for AUTH and HELLO that is the password. Takes it out of the error. */
export function withoutArguments<E extends Error>(error: E): E {
  const args = /,? with args beginning with:.*/g;
  error.message = error.message.replace(args, '');
  if (error.stack) error.stack = error.stack.replace(args, '');
  return error;
}
