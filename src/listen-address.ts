import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { canonicalAddress, insideCidrs } from './address.ts';

/** Where a pod listens, and where others are told to reach it. */
export interface ListenAddresses {
  /** Undefined: every address of the machine, IPv6 and IPv4. */
  HOST: string | undefined;
  POD_IP: string;
  CALLBACK_ADVERTISED_PORT: number | undefined;
}

const isLoopback = insideCidrs(['127.0.0.0/8', '::1/128']);

/** Is it not one address but all of them? `::` takes IPv4 as well, because Node leaves IPV6_V6ONLY off (RFC 3493 §5.3). */
export function isWildcard(host: string | undefined): boolean {
  return host === undefined || ['::', '0.0.0.0'].includes(canonicalAddress(host));
}

/**
 * Why nobody reaches the pod at POD_IP; undefined: somebody may. Address translation between two addresses of one family is possible, so
 * that is allowed. With CALLBACK_ADVERTISED_PORT something stands before the pod, and nothing can be said.
 */
export function hostMistake({ HOST, POD_IP, CALLBACK_ADVERTISED_PORT }: ListenAddresses): string | undefined {
  if (HOST === undefined || CALLBACK_ADVERTISED_PORT !== undefined) return undefined;
  const [host, podIp] = [canonicalAddress(HOST), canonicalAddress(POD_IP)];
  if (host === '::') return undefined;
  const mayReach = isIP(host) === isIP(podIp) && (isWildcard(host) || isLoopback(host) === isLoopback(podIp));
  if (mayReach) return undefined;
  return (
    `HOST=${HOST}: a pod that listens there cannot be reached at POD_IP=${POD_IP}; leave HOST unset to listen on every address, ` +
    'or set CALLBACK_ADVERTISED_PORT when a proxy or a port mapping stands before the pod'
  );
}

/** Does the pod listen on one address and publish another, so that something has to translate between them? */
export function needsTranslation({ HOST, POD_IP, CALLBACK_ADVERTISED_PORT }: ListenAddresses): boolean {
  if (isWildcard(HOST) || CALLBACK_ADVERTISED_PORT !== undefined) return false;
  return canonicalAddress(HOST!) !== canonicalAddress(POD_IP);
}

const isLinkLocal = insideCidrs(['fe80::/10']);

/** The first IPv4 address of this machine that other machines reach, else the first IPv6 one (RFC 4291 §2.5.6: not a link-local one). */
export function externalAddress(interfaces = networkInterfaces()): string | undefined {
  const external = Object.values(interfaces)
    .flatMap((addresses) => addresses ?? [])
    .filter(({ address, internal }) => !internal && !isLinkLocal(address));
  return (external.find(({ family }) => family === 'IPv4') ?? external[0])?.address;
}
