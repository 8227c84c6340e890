import { describe, expect, it } from 'vitest';
import { hostPort, insideCidrs, isCidr, privateCidrs } from '@ws-connect/callback-client/internal/address';

describe('a range', () => {
  it.each(['10.0.0.0/8', '0.0.0.0/0', '192.168.1.1/32', '::/0', 'fc00::/7', '::1/128'])('%s is one', (text) => {
    const answer = isCidr(text);

    expect(answer).toBe(true);
  });

  it.each([
    '',
    '10.0.0.0',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '10.0.0/8',
    '::/129',
    'localhost/8',
    ' 10.0.0.0/8',
    '10.0.0.0/8\n',
  ])('%j is none', (text) => {
    const answer = isCidr(text);

    expect(answer).toBe(false);
  });
});

describe('the private ranges', () => {
  it.each([
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.0.1',
    '100.64.0.1',
    '127.0.0.1',
    '::1',
    'fd12::1',
    '::ffff:10.0.0.1',
  ])('hold %s', (address) => {
    const inside = insideCidrs(privateCidrs)(address);

    expect(inside).toBe(true);
  });

  it.each([
    '8.8.8.8',
    '172.32.0.1',
    '169.254.169.254',
    '100.128.0.1',
    '0.0.0.0',
    '255.255.255.255',
    '::',
    '2001:db8::1',
    'fe80::1',
    '::ffff:8.8.8.8',
    '::ffff:169.254.169.254',
    'localhost',
    'pod-1.pods.svc',
    '127.1',
    '0x7f000001',
    '2130706433',
    '127.0.0.1 ',
    '127.0.0.1:80',
    '[::1]',
    '',
  ])('do not hold %j', (address) => {
    const inside = insideCidrs(privateCidrs)(address);

    expect(inside).toBe(false);
  });
});

it('no range holds nothing', () => {
  const inside = insideCidrs([])('10.0.0.1');

  expect(inside).toBe(false);
});

it.each([
  ['10.0.0.1', '10.0.0.1:80'],
  ['::1', '[::1]:80'],
])('%s and a port stand in a URL as %s', (address, expected) => {
  const text = hostPort(address, 80);

  expect(text).toBe(expected);
});
