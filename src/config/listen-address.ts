import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { canonicalAddress, insideCidrs } from '@ws-connect/callback-client/internal/address';

/** Where a pod listens, and where others are told to reach it. */
export interface ListenAddresses {
  /** Undefined: every address of the machine, IPv6 and IPv4. */
  host: string | undefined;
  podIp: string;
  callbackAdvertisedPort: number | undefined;
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
export function hostMistake({ host, podIp, callbackAdvertisedPort }: ListenAddresses): string | undefined {
  if (host === undefined || callbackAdvertisedPort !== undefined) return undefined;
  const [listens, published] = [canonicalAddress(host), canonicalAddress(podIp)];
  if (listens === '::') return undefined;
  const isReachable =
    isIP(listens) === isIP(published) && (isWildcard(listens) || isLoopback(listens) === isLoopback(published));
  if (isReachable) return undefined;
  return (
    `The pod listens on HOST=${host}, so other pods cannot reach it at POD_IP=${podIp}. Unset HOST to listen on every address. ` +
    'If a proxy or a port mapping stands in front of the pod, set CALLBACK_ADVERTISED_PORT'
  );
}

/** Does the pod listen on one address and publish another, so that something has to translate between them? */
export function needsTranslation({ host, podIp, callbackAdvertisedPort }: ListenAddresses): boolean {
  if (isWildcard(host) || callbackAdvertisedPort !== undefined) return false;
  return canonicalAddress(host!) !== canonicalAddress(podIp);
}

const isLinkLocal = insideCidrs(['fe80::/10']);

/** The first IPv4 address of this machine that other machines reach, else the first IPv6 one (RFC 4291 §2.5.6: not a link-local one). */
export function externalAddress(interfaces = networkInterfaces()): string | undefined {
  const external = Object.values(interfaces)
    .flatMap((addresses) => addresses ?? [])
    .filter(({ address, internal }) => !internal && !isLinkLocal(address));
  return (external.find(({ family }) => family === 'IPv4') ?? external[0])?.address;
}
