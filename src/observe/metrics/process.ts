import { readdir } from 'node:fs/promises';
import type { Registry } from 'prom-client';
import { collectDefaultMetrics, Gauge } from 'prom-client';

/** prom-client's own, but for those that would hold up the event loop for each of many thousand sockets. */
export function collectProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry });
  for (const what of ['handles', 'requests', 'resources']) {
    registry.removeSingleMetric(`nodejs_active_${what}`);
    registry.removeSingleMetric(`nodejs_active_${what}_total`);
  }
  registry.removeSingleMetric('process_open_fds'); // it reads the folder synchronously
  new Gauge({
    name: 'process_open_fds',
    help: 'Open file descriptors, sockets included',
    registers: [registry],
    async collect() {
      const open = await readdir('/proc/self/fd').catch(() => []); // no such folder but on Linux
      this.set(Math.max(0, open.length - 1)); // but for the one it was read by
    },
  });
}
