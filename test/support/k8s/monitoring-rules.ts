import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isThere } from '../docs.ts';
import { failed } from '../facts.ts';
import { exposedMetrics } from './exposed-metrics.ts';
import type { KubernetesObject } from './kustomize.ts';
import type { Dashboard, Kinds } from './objects.ts';
import { containerOf, dashboardsOf, gatewayOf, ofKind } from './objects.ts';
import { readQuery } from './promql.ts';

/** An expression, who asks it, and the labels that are shown of its answer. */
interface Asked {
  by: string;
  expr: string;
  shown: string[];
}

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** What the Prometheus operator puts on every series of a PodMonitor. */
const targetLabels = ['namespace', 'pod', 'container', 'endpoint', 'job', 'instance'];

/** Alerts and dashboard ask for what the program exposes, show all of it, and say what to do. */
export async function monitoringFaults(objects: KubernetesObject[]): Promise<string[]> {
  const rules = ofKind(objects, 'PrometheusRule').flatMap(({ spec }) => spec.groups.flatMap((group) => group.rules));
  const dashboards = dashboardsOf(objects);
  const exposed = await exposedMetrics();
  return [
    ...[...rules.map(askedByRule), ...dashboards.flatMap(askedByDashboard)].flatMap((asked) =>
      queryFaults(asked, exposed),
    ),
    ...rules.flatMap((rule) => ruleFaults(rule, objects)),
    ...dashboards.flatMap((dashboard) => dashboardFaults(dashboard, [...exposed.keys()])),
  ];
}

function queryFaults({ by, expr, shown }: Asked, exposed: Map<string, Set<string>>): string[] {
  const { selectors, grouping, isAggregated } = readQuery(expr);
  const labelsOf = (metric: string) => [...targetLabels, ...(exposed.get(metric) ?? [])];
  const faults = selectors.flatMap(({ metric, matchers }) => {
    if (!exposed.has(metric)) return [`there is no metric ${metric}`];
    const labels = labelsOf(metric);
    return [
      ...matchers.filter(({ label }) => !labels.includes(label)).map(({ label }) => `${metric} has no label ${label}`),
      ...matchers.flatMap(({ label, value }) => valueFaults(label, value)),
    ];
  });
  const common = selectors.map(({ metric }) => labelsOf(metric));
  const missing = grouping.filter((label) => !common.every((labels) => labels.includes(label)));
  const kept = isAggregated ? grouping : common.flat();
  return [
    ...faults,
    ...missing.map((label) => `groups by ${label}, which not all have`),
    ...shown.filter((label) => !kept.includes(label)).map((label) => `shows ${label}, which the answer has not`),
  ].map((fault) => `${by}: ${fault}`);
}

/** The program has a word for each value that is asked for. */
function valueFaults(label: string, value: string): string[] {
  if (value.includes('$')) return []; // a variable of the dashboard
  return value
    .split('|')
    .filter((word) => !program().includes(`'${word}'`))
    .map((word) => `${label} is never ${word}`);
}

let source: string | undefined;

function program(): string {
  source ??= readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(join(root, 'src', name), 'utf8'))
    .join('');
  return source;
}

type Rule = Kinds['PrometheusRule']['spec']['groups'][number]['rules'][number];

function askedByRule({ alert, expr, annotations }: Rule): Asked {
  const shown = [
    ...Object.values(annotations)
      .join()
      .matchAll(/\$labels\.(\w+)/g),
  ].map(([, label = '']) => label);
  return { by: alert, expr, shown };
}

function askedByDashboard({ panels, templating }: Dashboard): Asked[] {
  const ofPanels = panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr, legendFormat }) => {
      const shown = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label);
      return { by: title, expr, shown };
    }),
  );
  const ofVariables = templating.list.flatMap(({ name, definition }) => {
    if (definition === undefined) return [];
    const [, expr = '', label = ''] = /^label_values\((.*), (\w+)\)$/.exec(definition) ?? [];
    return [{ by: `variable ${name}`, expr, shown: [label] }];
  });
  return [...ofPanels, ...ofVariables];
}

function ruleFaults({ alert, expr, for: after, labels, annotations }: Rule, objects: KubernetesObject[]): string[] {
  const { summary, runbook = '' } = annotations;
  const most = containerOf(gatewayOf(objects)).env?.find(({ name }) => name === 'MAX_CONNECTIONS')?.value;
  const [, limit] = /\(ws_connect_connections\) > (\d+)$/.exec(expr) ?? [];
  const [, place = ''] = /\((docs\/\w+\.md#[\w-]+)\)\.$/.exec(runbook) ?? [];
  return failed(alert, {
    'waits before it calls': after !== undefined && after !== '0s',
    'says how bad it is': ['critical', 'warning'].includes(labels['severity'] ?? ''),
    'says what is wrong': summary !== undefined,
    'says where the documents say what to do': place !== '' && isThere(place),
    'calls at three quarters of what a pod takes': limit === undefined || Number(limit) * 4 === Number(most) * 3,
  });
}

function dashboardFaults({ panels }: Dashboard, exposed: string[]): string[] {
  const asked = panels.flatMap(({ targets = [] }) => targets).flatMap(({ expr }) => readQuery(expr).selectors);
  const own = exposed.filter((name) => name.startsWith('ws_connect_') && !/_(sum|count)$/.test(name));
  const hidden = own.filter((name) => !asked.some(({ metric }) => metric === name));
  const ids = panels.map(({ id }) => id);
  return [
    ...hidden.map((name) => `the dashboard: does not show ${name}`),
    ...failed('the dashboard', { 'has an id for each panel': new Set(ids).size === ids.length }),
  ];
}
