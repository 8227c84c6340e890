import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { insideCidrs } from '@ws-connect/callback-client/internal/address';
import { clientAddress, networkOf } from '../../src/device/client-address.ts';

const isProxy = insideCidrs(['10.0.0.0/8', 'fd00::/8']);

/** Where a request comes from that came from `remoteAddress` and has this `X-Forwarded-For`. */
function addressOf(remoteAddress: string | undefined, forwardedFor?: string): string {
  return clientAddress({ socket: { remoteAddress }, headers: { 'x-forwarded-for': forwardedFor } }, isProxy);
}

describe('the address of a connect', () => {
  it.each([
    ['the socket’s, when it is no proxy, whatever it says', '192.0.2.1', '198.51.100.1', '192.0.2.1'],
    ['the proxy’s, when it says nothing', '10.0.0.1', undefined, '10.0.0.1'],
    ['the proxy’s, when it says nothing in a header', '10.0.0.1', '', '10.0.0.1'],
    ['the one the proxy names', '10.0.0.1', '192.0.2.1', '192.0.2.1'],
    ['the last one, when others stand before it', '10.0.0.1', '203.0.113.9, 192.0.2.1', '192.0.2.1'],
    ['the last one that is no proxy', '10.0.0.1', '203.0.113.9,192.0.2.1 , 10.0.0.3,10.0.0.2', '192.0.2.1'],
    ['the first one, when all are proxies', '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['the last good one before garbage', '10.0.0.1', '192.0.2.1, unknown, 10.0.0.2', '10.0.0.2'],
    ['the proxy’s, when it names garbage', '10.0.0.1', '192.0.2.1, 999.1.1.1', '10.0.0.1'],
    ['the proxy’s, when it names nobody', '10.0.0.1', '192.0.2.1,', '10.0.0.1'],
    ['one with a port', '10.0.0.1', '192.0.2.1:50123', '192.0.2.1'],
    ['an IPv6 one', '10.0.0.1', '2001:db8::1', '2001:db8::1'],
    ['an IPv6 one in brackets', '10.0.0.1', '[2001:db8::1]', '2001:db8::1'],
    ['an IPv6 one in brackets with a port', '10.0.0.1', '[2001:DB8:0::1]:443', '2001:db8::1'],
    ['behind an IPv6 proxy', 'fd00::1', '2001:db8::1, [fd00::2]:443,10.0.0.1', '2001:db8::1'],
    ['IPv4 in IPv6', '::ffff:192.0.2.1', undefined, '192.0.2.1'],
    ['a link-local one with its zone', 'fe80::1%eth0', undefined, 'fe80::1'],
    ['behind a proxy by IPv4 in IPv6', '::ffff:10.0.0.1', '::FFFF:c000:201', '192.0.2.1'],
    ['without the zone', 'fe80::1%eth0', undefined, 'fe80::1'],
    ['empty, when the socket is gone', undefined, '192.0.2.1', ''],
  ])('is %s', (_what, socket, forwardedFor, expected) => {
    const address = addressOf(socket, forwardedFor);

    expect(address).toBe(expected);
  });

  it('is never what somebody in front of the last untrusted one says', () => {
    fc.assert(
      fc.property(fc.string(), (lie) => {
        const address = addressOf('10.0.0.1', `${lie}, 192.0.2.1, 10.0.0.2`);

        expect(address).toBe('192.0.2.1');
      }),
    );
  });

  it('is a good one whatever the proxy says', () => {
    fc.assert(
      fc.property(fc.string(), fc.ipV4(), (text, first) => {
        const address = addressOf('10.0.0.1', `${first},${text}`);

        expect(addressOf(address)).toBe(address);
        expect(address).not.toBe('');
      }),
    );
  });
});

describe('what one party has', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2::6', '2001:db8:1:2'],
    ['2001:db8::6', '2001:db8:0:0'],
    ['2001:db8::1:0:0:6', '2001:db8:0:0'],
    ['2001:db8::2:3:4:5:6', '2001:db8:0:2'],
    ['::1', '0:0:0:0'],
    ['1::', '1:0:0:0'],
    ['::', '0:0:0:0'],
    ['', ''],
  ])('of %j is %j', (address, expected) => {
    const network = networkOf(address);

    expect(network).toBe(expected);
  });

  it('is the same for all IPv6 addresses of one /64, and another for another', () => {
    const hextets = fc.array(fc.nat(0xffff), { minLength: 4, maxLength: 4 });
    const text = (groups: number[]) => addressOf(groups.map((group) => group.toString(16)).join(':'));
    fc.assert(
      fc.property(hextets, hextets, hextets, (net, host, other) => {
        fc.pre(net.some((group) => group !== 0)); // there is IPv4 in the first of all

        const networks = [host, other].map((rest) => networkOf(text([...net, ...rest])));
        const next = networkOf(text([...net.with(3, (net[3]! + 1) % 0x10000), ...host]));

        expect(networks[0]).toBe(networks[1]);
        expect(next).not.toBe(networks[0]);
      }),
    );
  });
});
