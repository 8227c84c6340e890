import { parseRedisUrl } from '../config/redis-url.ts';

/** One option of the command line. */
export interface Option {
  /** What stands for the value; an option without one is a switch. */
  value?: string;
  about: string;
  default?: string;
  /** In words. */
  allowed?: string;
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
  pods: number('N', 'pods of the fleet', { min: 1, max: 50, default: 3 }),
  devices: number('N', 'devices', { min: 1, max: 100_000, default: 300 }),
  parked: number('PERCENT', 'devices that only listen', { min: 0, max: 100, default: 80 }),
  slow: number('PERCENT', 'devices that read in fits and starts; the rest is chatty: a message a second', {
    min: 0,
    max: 100,
    default: 5,
  }),
  rate: number('N', 'callbacks a second, each to a random device', { min: 0, max: 10_000, default: 50 }),
  'deadline-ms': number('MS', 'how long the caller goes on trying with one callback', { ...many, default: 30_000 }),
  pace: { ...choice('DRAIN_PACE of the pods', 'even', 'burst'), default: '' },
  sweeps: number('N', 'DRAIN_SWEEPS of the pods', { min: 1, max: 1000 }),
  'grace-ms': number('MS', 'TERMINATION_GRACE_MS: the pods are told, and killed when it is over', { ...many, min: 1 }),
  hook: choice('how often the pre-stop hook reaches the pod', 'once', 'twice', 'never'),
  'lag-ms': number('MS', 'how long a pod that is told to go still gets new connections', { ...many, default: 1000 }),
  'min-ready-ms': number('MS', 'how long a new pod must be ready before an old one goes', { ...many, default: 1000 }),
  overlap: { about: 'do not wait for an old pod to be gone before the next one goes, as a Deployment does not' },
  balance: choice('whom the balancer picks', 'round-robin', 'least-connections'),
  seed: number('N', 'seed of the random choices', { min: 0, max: 999_999_999, default: 1 }),
  redis: {
    value: 'URL',
    about: 'the registry the pods share; by default a redis-server of the PATH is started for the rehearsal',
    allowed: 'what REDIS_URL may be',
    allows: (text) => parseRedisUrl(text) !== undefined,
  },
  'devices-at': {
    value: 'ws://HOST:PORT',
    about: 'watch a fleet elsewhere: where devices connect',
    allowed: 'a URL that begins with ws://',
    allows: isUrlOf('ws:'),
  },
  'callbacks-at': {
    value: 'http://HOST:PORT,..',
    about: 'and where callbacks are sent',
    allowed: 'URLs that begin with http://, separated by commas',
    allows: (text) => text.split(',').every(isUrlOf('http:')),
  },
  seconds: number('N', 'and for how long', { min: 1, max: 86_400, default: 60 }),
  'max-lost': number('N', 'callbacks that may be lost', { ...many, default: 0 }),
  'max-duplicated': number('N', 'callbacks that may come twice', many),
  'max-gap-p99-ms': number('MS', 'how long 99 of 100 devices that move may be offline', many),
  'max-peak-ratio': {
    ...number('N', 'reconnects in the busiest second, as a multiple of the mean', many, /^\d{1,6}(\.\d{1,3})?$/),
    allowed: 'a number such as 2 or 1.5',
  },
  json: { about: 'print the report as JSON; progress goes to stderr either way' },
  help: { about: 'show this and exit' },
} satisfies Record<string, Option>;

export type OptionName = keyof typeof options;
export const optionNames = Object.keys(options) as OptionName[];
export const optionRows: Readonly<Record<OptionName, Option>> = options;
