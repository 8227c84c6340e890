import { describe, expect, it } from 'vitest';
import { helpText, hintText, parseArguments } from '../src/cli.ts';
import { configTable } from '../src/config.ts';
import { UsageError } from '../src/base/usage-error.ts';

describe('the arguments', () => {
  it.each([
    [[], { command: 'run', hints: false }],
    [['--hints'], { command: 'run', hints: true }],
    [['--help'], { command: 'help' }],
    [['-h'], { command: 'help' }],
    [['--print-config'], { command: 'print-config' }],
    [['--print-config', '--help'], { command: 'help' }],
    [['openapi'], { command: 'openapi' }],
    [['asyncapi'], { command: 'asyncapi' }],
    [['follow', 'lamp-1'], { command: 'follow', args: ['lamp-1'] }],
    [['rehearse'], { command: 'rehearse', args: [] }],
    [['rehearse', '--pods', '4', '--help'], { command: 'rehearse', args: ['--pods', '4', '--help'] }],
    [['machines', 'pod', '--help'], { command: 'machines', args: ['pod', '--help'] }],
  ])('%j', (args, expected) => {
    const invocation = parseArguments(args);

    expect(invocation).toEqual(expected);
  });

  it.each([[['--port=80']], [['serve']], [['-x']], [['--help=yes']], [['openapi', '--hints']]])(
    '%j are refused, with a way to help',
    (args) => {
      const parse = () => parseArguments(args);

      expect(parse).toThrow(UsageError);
      expect(parse).toThrow('--help');
    },
  );

  it('that are unknown are named', () => {
    const parse = () => parseArguments(['--prot']);

    expect(parse).toThrow('--prot');
  });
});

describe('--help', () => {
  it.each(configTable())('lists $name with what it is for, what is allowed and its default', (row) => {
    const entry = helpText().split(`  ${row.name} `)[1]?.split('\n').slice(0, 2).join('\n');

    expect(entry).toContain(row.about);
    expect(entry).toContain(row.allowed);
    expect(entry).toContain(row.default === '' ? '' : `default ${row.default}`);
  });

  it.each(['--help', '--print-config', '--hints', 'openapi', 'asyncapi', 'rehearse', 'machines', 'SIGTERM'])(
    'tells of %s',
    (word) => {
      const text = helpText();

      expect(text).toContain(word);
    },
  );
});

it.each([
  [undefined, '127.0.0.1:8080', '127.0.0.1:8081'],
  ['0.0.0.0', '127.0.0.1:8080', '127.0.0.1:8081'],
  ['::', '127.0.0.1:8080', '127.0.0.1:8081'],
  ['10.0.0.7', '10.0.0.7:8080', '10.0.0.7:8081'],
  ['::1', '[::1]:8080', '[::1]:8081'],
])('the hints for a pod that listens on %s can be pasted', (host, device, callback) => {
  const text = hintText(host, { devicePort: 8080, callbackPort: 8081 });

  expect(text).toContain(`ws://${device}/connect?deviceId=`);
  expect(text).toContain(`http://${callback}/callback/`);
});
