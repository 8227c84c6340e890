import { parseArgs } from 'node:util';
import type { PartName } from './parts.ts';
import { partNames, parts } from './parts.ts';

export interface Arguments {
  only: PartName[];
  rounds: number;
  /** The file for all figures. */
  json: string;
  quick: boolean;
  /** `redis://HOST:PORT` of a Redis to measure with. */
  redis?: string;
  /** The program that the part hostile attacks. */
  pod?: string;
  /** The program to measure beside this one, instead of the floor and socket.io. */
  before?: string;
  /** The attacks of the part hostile; undefined: all. */
  attacks?: string[];
  help: boolean;
}

const options = {
  only: { type: 'string' },
  rounds: { type: 'string', default: '5' },
  json: { type: 'string', default: 'bench-results.json' },
  quick: { type: 'boolean', default: false },
  redis: { type: 'string' },
  pod: { type: 'string' },
  before: { type: 'string' },
  attacks: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

/** Throws an `Error` with a sentence for who has typed it. */
export function parseArguments(args: string[]): Arguments {
  const { values } = parseArgs({ args, options });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error(`--rounds ${values.rounds} is not allowed. Use a whole number from 1`);
  const withoutRedis = partNames.filter((name) => name !== 'registry');
  const only = values.only?.split(',').map(partNamed) ?? (values.redis ? partNames : withoutRedis);
  return { ...values, rounds, only, attacks: values.attacks?.split(',') };
}

export function helpText(): string {
  const list = partNames.map((name) => `  ${name.padEnd(12)} ${parts[name].about}`);
  return `npm run bench -- [options]

  --only PART,PART   run only these parts
  --rounds N         how often to measure everything (5)
  --json FILE        file for all figures (bench-results.json)
  --redis URL        measure the parts registry and hostile with this Redis, redis://HOST:PORT; the bench deletes its keys afterwards
  --pod FILE         in the part hostile, attack this program: the dist/src/main.js of another checkout
  --before FILE      in the parts that compare servers, measure this program too: the dist/src/main.js of another checkout
  --attacks A,B      in the part hostile, run only these attacks
  --quick            few devices and short rounds, to test the bench itself; the figures mean nothing
  --help             show this text and exit

Parts:
${list.join('\n')}
`;
}

function partNamed(text: string): PartName {
  const name = partNames.find((one) => one === text);
  if (!name) throw new Error(`--only ${text} is not allowed. Use ${partNames.join(', ')}`);
  return name;
}
