import { Problem } from '../http/problem.ts';
import { tryLater } from './admission.ts';
import { deviceOperations } from './operations.ts';

/** What the pod says of itself when a load balancer asks. */
export interface Health {
  /** False from the start of a drain. */
  accepting: boolean;
  /** True from the first contact with the registry to the start of a drain; an outage of the registry after that does not count. */
  ready: boolean;
}

const { path, methods } = deviceOperations.health;
const allowed = methods.map((method) => method.toUpperCase());

/** Does a load balancer ask for the health of this pod with this path and query? */
export function isHealthCheck(url = ''): boolean {
  return url === path || url.startsWith(`${path}?`);
}

/** Why a load balancer should send no devices here; undefined: it should. */
export function unhealthy(method: string | undefined, { accepting, ready }: Health): Problem | undefined {
  if (!allowed.includes(method ?? '')) {
    const headers = { Allow: allowed.join(', ') };
    return new Problem({
      code: 'method-not-allowed',
      detail: 'the path does not support this method; the Allow header lists the supported methods',
      headers,
    });
  }
  if (!accepting) return tryLater('draining', 'this pod is shutting down');
  if (!ready) return new Problem({ code: 'not-ready', detail: 'this pod has not reached the registry yet' });
  return undefined;
}
