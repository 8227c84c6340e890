import { createMetrics } from '../../../src/observe/metrics.ts';
import { kicked } from '../../../machines/disconnect.ts';

/** The labels of every series a pod exposes, by its name; those of a histogram by the names it is asked for. */
export async function exposedMetrics(): Promise<Map<string, Set<string>>> {
  const metrics = createMetrics();
  metrics.observe({
    connectionStates: () => new Map([['registered.idle', 1]]),
    drainPhase: () => 'serving',
    isRegistryUp: () => true,
    isRegistryEvicting: () => false,
    dirty: () => ({ count: 0, oldestMs: 0 }),
    droppedLogLines: () => 0,
  });
  metrics.connected('accepted');
  metrics.closed(kicked);
  metrics.callback('delivered', 1);
  metrics.registryBatch('register', { ok: 1, failed: 0, refused: 0, unknown: 0 }, 1);
  metrics.takeover('closed');
  metrics.drainClosed('idle', 1);
  const text = await metrics.text();
  metrics.close();
  const exposed = new Map<string, Set<string>>();
  for (const [, name = '', labels = ''] of text.matchAll(/^(\w+)(?:\{(.*)\})? /gm)) {
    const names = [...labels.matchAll(/(\w+)="/g)].map(([, label = '']) => label);
    exposed.set(name, new Set([...(exposed.get(name) ?? []), ...names]));
  }
  return exposed;
}
