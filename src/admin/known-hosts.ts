import { isIP } from 'node:net';
import type { Context, Next } from 'koa';
import { Problem } from '../http/problem.ts';

/**
 * Lets only requests pass whose Host is an IP address, `localhost` or one of these names; the port and the case do not matter. A page of
 * evil.example whose name resolves to the address of a pod (DNS rebinding) would be one of the pod's own pages to the browser, and
 * could drain it; but its requests still say `Host: evil.example`. A request without a Host is of no browser, and passes.
 */
export function requireKnownHost(names: readonly string[] = []) {
  const known = new Set(['localhost', ...names.map((name) => name.toLowerCase())]);
  return async ({ headers }: Context, next: Next): Promise<void> => {
    if (headers.host === undefined || isKnown(headers.host, known)) return next();
    throw new Problem({
      code: 'other-host',
      detail: 'the Host header must be an IP address, localhost or one of ADMIN_HOSTS',
    });
  };
}

/** `host` as in a Host header: `name:port`, `192.0.2.1:port` or `[2001:db8::1]:port`, each with or without the port. */
function isKnown(host: string, names: ReadonlySet<string>): boolean {
  const name = host.replace(/:\d*$/, '').toLowerCase();
  const address = /^\[(.*)\]$/.exec(name)?.[1];
  return address === undefined ? isIP(name) === 4 || names.has(name) : isIP(address) === 6;
}
