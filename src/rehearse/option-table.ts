import { parseRedisUrl } from '../registry/redis-url.ts';

/** One option of the command line. */
export interface Option {
  /** What stands for the value; an option without one is a switch. */
  value?: string;
  about: string;
  default?: string;
  /** In words. */
  allowed?: string;
  /** Errors do not repeat its value, because a URL can contain a password. */
  isSecret?: true;
  allows?: (text: string) => boolean;
}

interface Range {
  min: number;
  max: number;
  default?: number;
}

const number = (value: string, about: string, { min, max, ...range }: Range, digits = /^\d{1,9}$/): Option => ({
  value,
  about,
  ...(range.default === undefined ? {} : { default: String(range.default) }),
  allowed: `a whole number from ${min} to ${max}`,
  allows: (text) => digits.test(text) && Number(text) >= min && Number(text) <= max,
});

const choice = (about: string, ...values: string[]): Option => ({
  value: values.join('|'),
  about,
  default: values[0]!,
  allowed: values.join(' or '),
  allows: (text) => values.includes(text),
});

const isUrlOf = (protocol: string) => (text: string) => URL.canParse(text) && new URL(text).protocol === protocol;
const many = { min: 0, max: 1_000_000 };

/** Every option of `ws-connect rehearse`, in the order of the help. */
const options = {
  pods: number('N', 'number of pods', { min: 1, max: 50, default: 3 }),
  devices: number('N', 'number of devices', { min: 1, max: 100_000, default: 300 }),
  parked: number('PERCENT', 'share of the devices that only listen', { min: 0, max: 100, default: 80 }),
  slow: number(
    'PERCENT',
    'share of the devices that pause reading again and again; the other devices send a message per second',
    {
      min: 0,
      max: 100,
      default: 5,
    },
  ),
  rate: number('N', 'callbacks per second, each to a random device', { min: 0, max: 10_000, default: 50 }),
  'deadline-ms': number('MS', 'how long the caller tries to deliver one callback', { ...many, default: 30_000 }),
  pace: { ...choice('DRAIN_PACE of the pods', 'even', 'burst'), default: '' },
  sweeps: number('N', 'DRAIN_SWEEPS of the pods', { min: 1, max: 1000 }),
  'grace-ms': number('MS', 'grace period: TERMINATION_GRACE_MS of the pods, and when they are killed', {
    ...many,
    min: 1,
  }),
  hook: choice('how often the pre-stop hook reaches the pod', 'once', 'twice', 'never'),
  'lag-ms': number('MS', 'how long a pod that is shutting down still gets new connections', { ...many, default: 1000 }),
  'min-ready-ms': number('MS', 'how long a new pod must be ready before an old pod is shut down', {
    ...many,
    default: 1000,
  }),
  overlap: { about: 'shut down the next pod before the previous one has ended, as a Deployment does' },
  balance: choice('how the balancer chooses a pod', 'round-robin', 'least-connections'),
  seed: number('N', 'seed of the random choices', { min: 0, max: 999_999_999, default: 1 }),
  redis: {
    value: 'URL',
    about: 'Redis of the pods; by default the rehearsal starts a redis-server from the PATH',
    allowed: 'a URL as for REDIS_URL',
    allows: (text) => parseRedisUrl(text) !== undefined,
    isSecret: true,
  },
  'devices-at': {
    value: 'ws://HOST:PORT',
    about: 'watch a fleet elsewhere instead of starting one: where devices connect',
    allowed: 'a URL that begins with ws://',
    allows: isUrlOf('ws:'),
    isSecret: true,
  },
  'callbacks-at': {
    value: 'http://HOST:PORT,..',
    about: 'with --devices-at: where callbacks are sent',
    allowed: 'URLs that begin with http://, separated by commas',
    allows: (text) => text.split(',').every(isUrlOf('http:')),
    isSecret: true,
  },
  seconds: number('N', 'with --devices-at: how long to watch', { min: 1, max: 86_400, default: 60 }),
  'max-lost': number('N', 'callbacks that are allowed to be lost', { ...many, default: 0 }),
  'max-duplicated': number('N', 'callbacks that are allowed to arrive twice; by default any number', many),
  'max-gap-p99-ms': number('MS', 'longest offline time of a device that moves, 99th percentile; by default any', many),
  'max-peak-ratio': {
    ...number(
      'N',
      'most reconnects in one second, as a multiple of the mean; by default any',
      many,
      /^\d{1,6}(\.\d{1,3})?$/,
    ),
    allowed: 'a number such as 2 or 1.5',
  },
  json: { about: 'print the report as JSON; progress always goes to stderr' },
  help: { about: 'show this text and exit' },
} satisfies Record<string, Option>;

export type OptionName = keyof typeof options;
export const optionNames = Object.keys(options) as OptionName[];
export const optionRows: Readonly<Record<OptionName, Option>> = options;
