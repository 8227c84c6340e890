import { describe, expect, it } from 'vitest';
import { connectionMachine } from '../machines/connection.ts';
import { disconnects } from '../machines/disconnect.ts';
import { chooseSubprotocol } from '../src/connections/protocol/subprotocols.ts';
import { docs } from './support/docs.ts';
import { proseOf, sources, stringsOf } from './support/sentences.ts';

/** Words and phrases that the project does not use any more, each with what to write instead. A space stands for any white space. */
const retired: Record<string, string> = {
  'stood still': 'stalled',
  'stands? still': 'stalls',
  'knock|knocks': 'upgrade request',
  'in doubt|doubted': 'unverified',
  astray: 'not on this pod',
  herd: 'many clients at once',
  moot: 'no longer needed',
  shall: 'must, or will',
  'may not': 'must not, or is not allowed to',
  whoever: 'the client, the device, the service or the operator',
  nobody: 'no client, no device or no pod',
  everybody: 'all clients, all devices or all pods',
  'what came': 'the request, or the data',
  surroundings: 'environment, or platform',
  'hears of': 'is told about, or receives',
  'so many': 'this many, or the number',
  'as it were': 'nothing: leave it out',
  'cannot be found out': 'cannot be verified',
  'come to itself': 'recovered',
  'goes over': 'ends',
  'carr(?:y|ies|ied) out': 'execute',
  'allowed is': 'NAME=value is not allowed. Use ...',
  '(?:jwt|bearer) alone': 'only with DEVICE_AUTH=jwt',
};

/** The retired phrases in a text, each as a sentence that says where it is and what to write instead. */
function findings(path: string, text: string): string[] {
  return Object.entries(retired).flatMap(([phrase, instead]) => {
    const pattern = new RegExp(String.raw`\b(?:${phrase.replaceAll(' ', String.raw`\s+`)})\b`, 'gi');
    return [...text.matchAll(pattern)].map(({ 0: found, index }) => {
      const line = text.slice(0, index).split('\n').length;
      return `${path}:${line} has "${found}". Write: ${instead}`;
    });
  });
}

const pages = [...docs].filter(([path]) => path === 'README.md' || path.startsWith('docs/'));

describe('no retired phrase is', () => {
  it('in the README and the chapters', () => {
    const found = pages.flatMap(([path, text]) => findings(path, proseOf(text)));

    expect(found).toEqual([]);
  });

  it('in a sentence that the program shows', () => {
    const found = [...sources].flatMap(([path, text]) => {
      return findings(path, path.endsWith('.html') ? text : stringsOf(text));
    });

    expect(found).toEqual([]);
  });
});

it('a retired phrase is found in a string, with its line and what to write instead, and not in a comment or a name', () => {
  const source = [
    "const pattern = /['`]/; // nobody knocks",
    "const event = 'registry.doubted'; /* it stood still */",
    'const text = `a state such as \\`doubted\\``;',
    'const help = `When the pod stood',
    '  still, ${whoever} asks`;',
    "log.warn('two devices knock');",
  ].join('\n');

  const found = findings('src/a.ts', stringsOf(source));

  expect(found).toEqual([
    'src/a.ts:4 has "stood\n  still". Write: stalled',
    'src/a.ts:6 has "knock". Write: upgrade request',
  ]);
});

describe('the glossary', () => {
  const [, section = ''] = docs.get('docs/inside.md')!.split('\n## Glossary\n');
  const rows = [...section.matchAll(/^\| (?!term|---)(.+?) \| (.+) \|$/gm)].map(([, term, meaning]) => ({
    term: term!.replaceAll('`', ''),
    meaning: meaning!,
  }));
  const text = rows.map(({ term, meaning }) => `${term} ${meaning}`).join('\n');

  it('explains each term once', () => {
    const terms = rows.map(({ term }) => term);

    expect(terms).toEqual([...new Set(terms)]);
    expect(terms).toEqual(expect.arrayContaining(['device', 'service', 'pod', 'connection', 'callback', 'registry']));
  });

  it.each(['waiting', 'active', 'idle', 'unverified', 'registered'])(
    'explains the state %s of a connection',
    (state) => {
      const known = statesOf(connectionMachine.config);

      expect(known).toContain(state);
      expect(text).toMatch(new RegExp(String.raw`\b${state}\b`));
    },
  );

  it.each(['superseded', 'contended'])('explains the close reason %s', (reason) => {
    expect(disconnects.map((disconnect) => disconnect.reason)).toContain(reason);
    expect(text).toContain(reason);
  });

  it('names the subprotocol of envelope mode', () => {
    const { meaning } = rows.find(({ term }) => term === 'envelope mode')!;
    const [, subprotocol = ''] = /`(ws-connect\.\w+)`/.exec(meaning) ?? [];

    expect(chooseSubprotocol(new Set([subprotocol]))).toBe(subprotocol);
  });

  it('has no name that the program does not have', () => {
    const program = [...sources.values()].join('\n').toLowerCase();
    const names = [...text.matchAll(/`([^`]+)`/g)].flatMap(([, code]) => code!.match(/[A-Za-z_]\w+/g) ?? []);

    expect(names.filter((name) => !program.includes(name.toLowerCase()))).toEqual([]);
  });
});

/** The keys of all states of a machine's definition. */
function statesOf({ states = {} }: { states?: object }): string[] {
  return Object.entries(states).flatMap(([key, state]) => [key, ...statesOf(state as { states?: object })]);
}
