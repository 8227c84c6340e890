import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { createMetrics } from '../src/metrics.ts';
import { renderKustomization } from './support/k8s/kustomize.ts';
import { ofKind } from './support/k8s/objects.ts';
import { renderReadme } from './support/readme.ts';
import { clusterRules, serverRules } from './support/redis-user.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

it('shows the charts, close codes and variables as the code has them (npm run readme)', () => {
  const rendered = renderReadme(readme);

  expect(rendered).toBe(readme);
});

it('has each generated section', () => {
  const names = [...readme.matchAll(/<!-- generated:(\w+) -->/g)].map(([, name]) => name);

  expect(names).toEqual(['connection', 'pod', 'disconnects', 'callbacks', 'registryLink', 'configuration']);
});

it('names every metric of our own and no other', async () => {
  const metrics = createMetrics();
  metrics.observe({
    connectionStates: () => new Map(),
    drainPhase: () => 'serving',
    isRegistryUp: () => true,
    dirty: () => ({ count: 0, oldestMs: 0 }),
  });

  const exposed = [...(await metrics.text()).matchAll(/^# TYPE (ws_connect_\w+)/gm)].map(([, name]) => name);
  metrics.close();

  const named = [...readme.matchAll(/`(ws_connect_\w+)(?:\{[\w,]+\})?`/g)].map(([, name]) => name);
  expect(new Set(named)).toEqual(new Set(exposed));
});

it('names every alert', () => {
  const [alerts] = ofKind(renderKustomization('overlays/prod'), 'PrometheusRule');
  const rules = alerts!.spec.groups.flatMap((group) => group.rules);

  const named = [...readme.matchAll(/^\| `(WsConnect\w+)` \|/gm)].map(([, name]) => name);

  expect(named).toEqual(rules.map(({ alert }) => alert));
});

it('has the rights that are enough for the tests', () => {
  const rules = clusterRules.slice(serverRules.length);

  expect(readme).toContain(`~ws-connect:* ${serverRules.join(' ')}\n`);
  expect(readme).toContain(`ACL SETUSER gateway ${rules.join(' ')}\n`);
});
