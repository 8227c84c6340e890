import { describe, expect, it } from 'vitest';
import { parseMonitorLine, RedisHistory } from './redis-history.ts';

const key = 'test:device:{lamp:1}';
const text = '{"v":1,"serverIp":"127.0.0.2","port":8081,"traceId":"x","podId":"a","t":5}';

describe('parseMonitorLine', () => {
  it('gives back every byte', () => {
    const line = String.raw`+1795444646.542008 [0 127.0.0.1:44336] "SET" "k\n\"\\\x01\xc3\xa9" "v\x00\r\t\a\b" ""`;

    expect(parseMonitorLine(line)).toEqual({
      at: 1_795_444_646_542.008,
      client: '127.0.0.1:44336',
      args: ['set', 'k\n"\\\x01é', 'v\x00\r\t\x07\b', ''],
    });
  });

  it.each([
    ['1795444646.539549 [0 lua] "TIME"', 'lua'],
    ['+1795444646.539549 [15 [::1]:6379] "GET" "] \\"x"', '[::1]:6379'],
    ['+1795444646.539549 [0 unix:/tmp/redis.sock] "GET" "x"', 'unix:/tmp/redis.sock'],
  ])('reads the client in %s', (line, client) => {
    expect(parseMonitorLine(line)).toMatchObject({ client });
  });

  it.each(['+OK', '', '-ERR unknown command'])('takes %o for no command', (line) => {
    expect(parseMonitorLine(line)).toBeUndefined();
  });
});

describe('RedisHistory', () => {
  const line = (client: string, ...args: string[]) =>
    `+1795444646.539549 [0 ${client}] ${args.map((arg) => JSON.stringify(arg)).join(' ')}`;
  const history = () => new RedisHistory({ node: 'one', prefix: 'test' });

  it('learns which pod a client is from the pod record it writes, and forgets it with the connection', () => {
    const follow = history();
    const deletion = line('1.2.3.4:5', 'del', key);
    const by = () => follow.read(deletion).map((fact) => fact.type === 'redis.deleted' && fact.by);

    expect(by()).toEqual([{}]);
    follow.read(line('1.2.3.4:5', 'set', 'test:pod:b', '{}'));
    follow.read(line('1.2.3.4:6', 'hello', '3'));
    expect(by()).toEqual([{ podId: 'b' }]);
    follow.read(line('1.2.3.4:5', 'hello', '3'));
    expect(by()).toEqual([{}]);
  });

  it.each([
    ['a write whose outcome depends on what is there', ['set', key, text, 'NX']],
    ['a lease that depends on what is there', ['set', key, text, 'KEEPTTL']],
    ['another kind of write', ['rename', key, 'x']],
  ])('cannot follow %s', (_, args) => {
    expect(() => history().read(line('1.2.3.4:5', ...args))).toThrow('cannot follow');
  });

  it.each([
    ['a lease from now on', ['restore-asking', key, '1500', '\0'], 1500],
    ['an end', ['RESTORE', key, '1795444648539', '\0', 'REPLACE', 'ABSTTL'], 1999.451],
  ])('understands an entry that comes from another node with %s', (_, args, leaseMs) => {
    const [fact] = history().read(line('1.2.3.4:5', ...args));

    expect(fact).toMatchObject({ type: 'redis.moved', deviceId: 'lamp:1' });
    expect(fact!.type === 'redis.moved' && fact!.expiresAt! - fact!.at).toBeCloseTo(leaseMs, 2);
  });

  it('understands one that comes without a lease', () => {
    expect(history().read(line('1.2.3.4:5', 'restore', key, '0', '\0'))).toMatchObject([{ expiresAt: null }]);
  });

  it.each(['{', '7', 'null', '{"v":1}', '{"traceId":"x","podId":"a","t":"5"}'])('takes %s for no entry', (value) => {
    expect(history().read(line('1.2.3.4:5', 'set', key, value))).toMatchObject([{ entry: null }]);
  });
});
