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
  REDIS_URL?: string | undefined;
  REDIS_SENTINEL_USERNAME?: string | undefined;
  REDIS_SENTINEL_PASSWORD?: string | undefined;
}

/** What is wrong with these together, in a sentence; undefined when nothing is. */
export function sentinelMistake(settings: SentinelSettings): string | undefined {
  const { REDIS_URL, REDIS_SENTINEL_USERNAME, REDIS_SENTINEL_PASSWORD } = settings;
  if (REDIS_SENTINEL_PASSWORD === undefined) {
    return REDIS_SENTINEL_USERNAME === undefined
      ? undefined
      : 'REDIS_SENTINEL_USERNAME: needs REDIS_SENTINEL_PASSWORD, or it has no effect';
  }
  const isForSentinels = REDIS_URL !== undefined && parseRedisUrl(REDIS_URL)?.kind === 'sentinel';
  return isForSentinels
    ? undefined
    : 'REDIS_SENTINEL_PASSWORD: needs redis+sentinel:// in REDIS_URL, or it has no effect';
}
