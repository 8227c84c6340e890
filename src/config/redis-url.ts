/** `REDIS_URL`, taken apart. */
export interface RedisUrl {
  kind: 'single' | 'sentinel' | 'cluster';
  tls: boolean;
  username: string | undefined;
  password: string | undefined;
  /** The server, the Sentinels, or some nodes of the Cluster. */
  hosts: { host: string; port: number }[];
  /** What the Sentinels call the master; only for `sentinel`. */
  master: string | undefined;
  /** Never with a Cluster, which has only database 0. */
  db: number;
}

const shape =
  /^(?<scheme>rediss?)(?:\+(?<kind>sentinel|cluster))?:\/\/(?:(?<user>[^@/]*)@)?(?<hosts>[^@/]+)(?<path>\/[\w./-]*)?$/;
const defaultPorts = { single: 6379, sentinel: 26_379, cluster: 6379 };

/** Undefined: it is no such URL. Queries are none: a client would take options, passwords included, from them. */
export function parseRedisUrl(text: string): RedisUrl | undefined {
  if (!/^[\x21-\x7e]+$/.test(text) || /[?#]/.test(text)) return undefined;
  const { scheme, kind = 'single', user = '', hosts: list = '', path = '' } = shape.exec(text)?.groups ?? {};
  const credentials = parseUser(user);
  if (!scheme || !isKind(kind) || !credentials) return undefined;
  const hosts = list.split(',').map((one) => parseHost(one, defaultPorts[kind]));
  const place = parsePath(kind, path);
  if (!place || !hosts.every((one) => one !== undefined) || (kind === 'single' && hosts.length > 1)) return undefined;
  return { kind, tls: scheme === 'rediss', ...credentials, hosts, ...place };
}

function isKind(kind: string): kind is RedisUrl['kind'] {
  return Object.hasOwn(defaultPorts, kind);
}

function parseUser(user: string): Pick<RedisUrl, 'username' | 'password'> | undefined {
  const colon = user.indexOf(':');
  const [username, password] = colon < 0 ? [user, ''] : [user.slice(0, colon), user.slice(colon + 1)];
  try {
    return {
      username: decodeURIComponent(username) || undefined,
      password: decodeURIComponent(password) || undefined,
    };
  } catch {
    return undefined; // a percent sign that encodes nothing
  }
}

function parseHost(text: string, defaultPort: number): RedisUrl['hosts'][number] | undefined {
  if (!URL.canParse(`http://${text}`)) return undefined;
  const { hostname, port, pathname } = new URL(`http://${text}`);
  if (pathname !== '/') return undefined;
  const explicit = /:(\d+)$/.exec(text)?.[1]; // URL leaves out the 80 it takes for granted
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || explicit || defaultPort) };
}

/** `/DB`, `/MASTER` or `/MASTER/DB`, nothing. */
function parsePath(kind: RedisUrl['kind'], path: string): Pick<RedisUrl, 'master' | 'db'> | undefined {
  const [, first = '', second = '', ...more] = path.split('/');
  const [master, db] = kind === 'sentinel' ? [first, second] : ['', first];
  const fits =
    /^\d*$/.test(db) &&
    more.length === 0 &&
    (kind === 'sentinel' ? master !== '' : second === '') &&
    (kind !== 'cluster' || first === '');
  return fits ? { master: master || undefined, db: Number(db) } : undefined;
}

interface SentinelSettings {
  redisUrl?: string | undefined;
  redisSentinelUsername?: string | undefined;
  redisSentinelPassword?: string | undefined;
}

/** What is wrong with these together, in a sentence; undefined when nothing is. */
export function sentinelMistake(settings: SentinelSettings): string | undefined {
  const { redisUrl, redisSentinelUsername, redisSentinelPassword } = settings;
  if (redisSentinelPassword === undefined) {
    return redisSentinelUsername === undefined
      ? undefined
      : 'REDIS_SENTINEL_USERNAME has no effect without REDIS_SENTINEL_PASSWORD. Set both or neither';
  }
  const isForSentinels = redisUrl !== undefined && parseRedisUrl(redisUrl)?.kind === 'sentinel';
  return isForSentinels
    ? undefined
    : 'REDIS_SENTINEL_PASSWORD is set but REDIS_URL does not begin with redis+sentinel://, so it has no effect';
}
