import { Problem } from '../http/problem.ts';
import { tryLater } from './admission.ts';
import { deviceOperations } from './operations.ts';

/** The state of the pod for a health check. */
export interface Health {
  /** False from the start of a drain. */
  accepting: boolean;
  /** True from the first contact with the registry to the start of a drain. A later outage of the registry does not change it. */
  ready: boolean;
}

const { path, methods } = deviceOperations.health;
const allowed = methods.map((method) => method.toUpperCase());

/** Is this path and query the health check of a load balancer? */
export function isHealthCheck(url = ''): boolean {
  return url === path || url.startsWith(`${path}?`);
}

/** The problem to answer to a health check. Undefined if the pod accepts devices. */
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
