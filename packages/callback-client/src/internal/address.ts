import { BlockList, isIP, SocketAddress } from 'node:net';

/** Private, shared and loopback ranges (RFC 1918, RFC 6598, RFC 4193, RFC 1122, RFC 4291): where pods live. */
export const privateCidrs = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '127.0.0.0/8',
  'fc00::/7',
  '::1/128',
];

const family = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

/** Is `text` a range such as `10.0.0.0/8` or `fc00::/7`? */
export function isCidr(text: string): boolean {
  const [address = '', bits = '', ...rest] = text.split('/');
  const width = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  return rest.length === 0 && !address.includes('%') && /^\d{1,3}$/.test(bits) && Number(bits) <= width;
}

/** A test for "a literal IP address inside one of these ranges". */
export function insideCidrs(cidrs: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [address = '', bits] = cidr.split('/');
    list.addSubnet(address, Number(bits), family(address));
  }
  return (address) => isIP(address) !== 0 && list.check(address, family(address));
}

/** Is it a host name as in RFC 1123 §2.1, without a port and without a wildcard? Underscores are allowed. */
export function isHostName(text: string): boolean {
  return text.length <= 253 && /^[a-z\d_]([\w-]*[a-z\d_])?(\.[a-z\d_]([\w-]*[a-z\d_])?)*$/i.test(text);
}

/** A literal IP address in its one spelling. IPv4 in IPv6 (`::ffff:192.0.2.1`) is IPv4, and the zone of a link-local address is left out. */
export function canonicalAddress(address: string): string {
  if (isIP(address) !== 6) return address;
  const { address: spelt } = new SocketAddress({ address, family: 'ipv6' });
  return /^::ffff:([\d.]+)$/.exec(spelt)?.[1] ?? spelt;
}

/** `IP:PORT` as it stands in a URL. */
export function hostPort(address: string, port: number): string {
  return isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Can a TCP server listen on it: a whole number from 1 to 65,535? */
export function isPort(port: unknown): port is number {
  return Number.isInteger(port) && (port as number) >= 1 && (port as number) <= 65_535;
}
