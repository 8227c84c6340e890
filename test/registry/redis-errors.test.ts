import { describe, expect, it } from 'vitest';
import { codeOf, isFull, isOutage, withoutArguments } from '../../src/registry/redis-errors.ts';

const ofScript = (reply: string) =>
  `ERR Error running script (call to f_0a1b): @user_script:27: @user_script: 27: -${reply}`;

describe('an error of Redis', () => {
  it.each([
    ['OOM command not allowed', 'OOM'],
    [ofScript("OOM command not allowed when used memory > 'maxmemory'."), 'OOM'],
    [ofScript("READONLY You can't write against a read only replica."), 'READONLY'],
    ["ERR unknown command 'getex'", 'ERR'],
    ['', ''],
    ['lower case', ''],
  ])('%j begins with %j, in a script of Redis 6 as well', (message, code) => {
    expect(codeOf(message)).toBe(code);
  });

  it.each(['READONLY', 'LOADING', 'MASTERDOWN', 'CLUSTERDOWN', 'BUSY', 'NOREPLICAS', 'MISCONF'])(
    '%s is an outage: with it Redis refuses to prolong a lease',
    (word) => {
      expect(isOutage(`${word} and more`)).toBe(true);
      expect(isFull(`${word} and more`)).toBe(false);
    },
  );

  it.each(['OOM', 'NOPERM', 'NOAUTH', 'MOVED', 'WRONGTYPE', 'ERR'])('%s is none', (word) => {
    expect(isOutage(`${word} and more`)).toBe(false);
  });

  it.each([
    "ERR unknown command 'auth', with args beginning with: 'user' 's3cret' ",
    'ERR unknown command `HELLO`, with args beginning with: `3`, `AUTH`, `default`, `s3cret`, ',
  ])('does not repeat what the command was given: %s', (message) => {
    const error = withoutArguments(new Error(message));

    expect(`${error.message} ${error.stack}`).not.toContain('s3cret');
    expect(error.message).toMatch(/^ERR unknown command .(auth|HELLO).$/);
  });
});
