/** The meaning of error replies of Redis, for the circuit breaker and for readers of the log. */

/** Error codes that count as an outage. With each of them the server refuses refreshes too, so entries expire. */
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

/** The error code, which is the first word of a reply. Before Redis 7 it is further back in errors of scripts. */
export function codeOf(message: string): string {
  const [, ofScript, first] = /^ERR Error running script[^]*?-([A-Z]+) |^([A-Z]+)/.exec(message) ?? [];
  return ofScript ?? first ?? '';
}

/** True if the memory of Redis is full. Redis then refuses commands that need memory, but not GETEX, GET and DEL. */
export function isFull(message: string): boolean {
  return codeOf(message) === 'OOM';
}

/** True if the server cannot serve the registry at all, which counts as an outage. */
export function isOutage(message: string): boolean {
  return outages.has(codeOf(message));
}

/** The message without its variable parts, so that the same trouble has the same text. */
export function shapeOf(message: string): string {
  const redirection = /^(MOVED|ASK) /.exec(message)?.[1]; // the rest is a slot and a node
  return redirection ?? message.replace(told, '').replace(/\b[0-9a-f]{40}\b/g, 'script');
}

/** Text that ioredis puts before the reason of an error. */
const told =
  /^(Sentinel \S+: |failed to connect to sentinel \S+ because |All sentinels are unreachable.*Last error: |Failed to refresh slots cache. )/;

/** Advice for the operator. Undefined if there is none for this message. */
export function adviceOn(message: string): string | undefined {
  const reason = message.replace(told, '');
  return advice.find(([shape]) => shape.test(reason))?.[1];
}

/** Removes the arguments of an unknown command from an error of Redis. For AUTH and HELLO they contain the password. */
export function withoutArguments<E extends Error>(error: E): E {
  const args = /,? with args beginning with:.*/g;
  error.message = error.message.replace(args, '');
  if (error.stack) error.stack = error.stack.replace(args, '');
  return error;
}
