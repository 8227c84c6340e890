import { beforeEach, describe, expect, it } from 'vitest';
import { SimulatedClock } from 'xstate';
import { createLogger } from '../../src/observe/log.ts';
import { RegistryUnavailable } from '../../src/registry/registry.ts';
import { Troubles } from '../../src/registry/troubles.ts';

let clock: SimulatedClock;
let lines: { level: number; msg: string; err?: { message: string }; help?: string }[];
let troubles: Troubles;

beforeEach(() => {
  clock = new SimulatedClock();
  lines = [];
  const log = createLogger('info', { write: (line) => void lines.push(JSON.parse(line) as (typeof lines)[0]) });
  troubles = new Troubles({ log, clock, where: 'redis:6379' });
});

const said = () => lines.map(({ msg }) => msg);

function refused(operation: string, command: string, message: string): RegistryUnavailable {
  const cause = Object.assign(new Error(message), { name: 'ReplyError', command: { name: command, args: ['secret'] } });
  return new RegistryUnavailable(operation, cause, 'refused', message.startsWith('OOM'));
}

const noGetex = refused('check', 'getex', "ERR unknown command 'getex'");
const full = (operation = 'register', command = 'evalsha') =>
  refused(operation, command, "OOM command not allowed when used memory > 'maxmemory'.");

describe('what Redis refuses', () => {
  it('is told in its words and ours, with the operation and the server', () => {
    troubles.failed(noGetex);

    expect(lines).toMatchObject([{ level: 40, operation: 'check' }]);
    expect(said()).toEqual([
      "Redis at redis:6379 refuses GETEX: ERR unknown command 'getex'; ws-connect needs Redis 6.2 or later, without renamed commands",
    ]);
  });

  it('is told once, and again a minute later if it lasts', () => {
    for (let times = 0; times < 100; times += 1) {
      troubles.failed(noGetex);
      clock.increment(500);
    }
    const within = said().length;
    clock.increment(10_000);
    troubles.failed(noGetex);

    expect([within, said().length]).toEqual([1, 2]);
  });

  it('is told at once when it changes', () => {
    troubles.failed(noGetex);
    troubles.failed(refused('check', 'getex', 'NOPERM this user has no permissions'));

    expect(said()).toHaveLength(2);
  });

  it('is the same for another slot, another script or another way to run it', () => {
    troubles.failed(refused('lookup', 'get', 'MOVED 7 10.0.0.1:6379'));
    troubles.failed(refused('lookup', 'get', 'MOVED 9 10.0.0.2:6379'));
    troubles.failed(refused('register', 'eval', `ERR no, script: ${'a'.repeat(40)}`));
    troubles.failed(refused('register', 'evalsha', `ERR no, script: ${'b'.repeat(40)}`));

    expect(said()).toHaveLength(2);
  });

  it('is told once for all operations when the server is full, and when that is over', () => {
    troubles.failed(full());
    troubles.failed(full('write-pod', 'set'));
    troubles.recovered(); // the link is up all the while
    troubles.failed(full());
    clock.increment(5000);
    troubles.carriedOut('register');
    const early = said().length;

    clock.increment(5000);
    troubles.carriedOut('refresh');
    const others = said().length;
    troubles.carriedOut('register');
    troubles.carriedOut('register');

    expect([early, others]).toEqual([1, 1]);
    expect(said()[0]).toContain('Redis is full');
    expect(said().slice(1)).toEqual(['Redis at redis:6379 executes register, write-pod again']);
  });

  it('is told anew after the registry was up in between', () => {
    troubles.failed(noGetex);
    troubles.recovered();
    troubles.failed(noGetex);

    expect(said()).toHaveLength(2);
  });

  it('is remembered in bounded memory, whatever the server says', () => {
    for (let number = 0; number < 1000; number += 1) troubles.failed(refused('check', 'get', `ERR ${number}x`));
    troubles.failed(refused('check', 'get', 'ERR 0x'));

    expect(said()).toHaveLength(1001); // the first one was forgotten
  });
});

describe('what is no refusal', () => {
  it('is told when no answer comes, but not when nothing was sent', () => {
    troubles.failed(new RegistryUnavailable('check', new Error('Command timed out'), 'unknown'));
    troubles.failed(
      new RegistryUnavailable('check', new Error("Stream isn't writeable and enableOfflineQueue options is false")),
    );

    expect(said()).toEqual(['Redis at redis:6379 does not answer to check: Command timed out']);
  });

  it('is told once for each reason when there is no connection, with what to do about it', () => {
    const reason = 'WRONGPASS invalid username-password pair or user is disabled.';
    troubles.connection(new Error(`failed to connect to sentinel a:1 because ${reason}`));
    troubles.connection(
      new Error(`All sentinels are unreachable. Retrying from scratch after 1.5ms. Last error: ${reason}`),
    );
    troubles.connection(new Error('connect ECONNREFUSED 10.0.0.1:1'));
    troubles.connection(new Error('connect ECONNREFUSED 10.0.0.1:1'));

    expect(lines.map(({ err, help }) => [err?.message.slice(0, 20), help])).toEqual([
      ['failed to connect to', 'check the user and the password'],
      ['connect ECONNREFUSED', undefined],
    ]);
  });
});
