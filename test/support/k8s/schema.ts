import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PodMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor';
import { PrometheusRule } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap';
import { Service } from 'kubernetes-models/v1/Service';
import type { KubernetesObject } from './kustomize.ts';
import { dashboardsOf } from './objects.ts';

/** The kinds we use, each with its schema. */
const models: (new (object: never) => { validate(): void })[] = [
  ConfigMap,
  Deployment,
  HorizontalPodAutoscaler,
  NetworkPolicy,
  PodDisruptionBudget,
  PodMonitor,
  PrometheusRule,
  Service,
];

const root = fileURLToPath(new URL('../../../', import.meta.url));
const compiler = join(root, 'node_modules/typescript/bin/tsc');

/**
 * What is wrong with each group of objects by the schemas of Kubernetes, an empty list if nothing. Ranges, formats and patterns
 * are what the models check. They let unknown fields pass, so each object is written as a literal of its type as well, and the
 * compiler looks for those, for what is missing and for what is no member of a union. Dashboards among them are held to the types
 * of Grafana in the same way. One run serves all groups.
 */
export async function schemaFaults(groups: KubernetesObject[][]): Promise<string[][]> {
  const mistyped = await typeFaults(groups);
  return groups.map((objects, index) => [...objects.flatMap(valueFaults), ...mistyped[index]!]);
}

function valueFaults(object: KubernetesObject): string[] {
  const Model = models.find(({ name }) => name === object.kind);
  if (!Model) return [`${object.kind}: there is no schema for this kind`];
  try {
    new Model(object as never).validate();
    return [];
  } catch (error) {
    return [`${object.kind} ${object.metadata.name}: ${(error as Error).message}`];
  }
}

async function typeFaults(groups: KubernetesObject[][]): Promise<string[][]> {
  const cache = join(root, 'node_modules/.cache'); // inside the project, where the compiler finds the types
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'manifests-'));
  try {
    groups.forEach((objects, index) => writeFileSync(join(folder, `${index}.ts`), sourceOf(objects)));
    const options = { files: groups.map((_, index) => `${index}.ts`), compilerOptions };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(options));
    const lines = (await compile(folder)).split('\n').filter((line) => line.includes('error TS'));
    if (lines.some((line) => !/^\d+\.ts\(/.test(line))) throw new Error(lines.join('\n'));
    return groups.map((_, index) => lines.filter((line) => line.startsWith(`${index}.ts(`)));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const compilerOptions = {
  target: 'es2023',
  module: 'nodenext',
  types: [],
  allowImportingTsExtensions: true,
  strict: true,
  skipLibCheck: true,
  noEmit: true,
};

function sourceOf(objects: KubernetesObject[]): string {
  const dashboards = dashboardsOf(objects).map((dashboard, index) => {
    return `export const dashboard${index}: GrafanaDashboard = ${JSON.stringify(dashboard, null, 2)};\n`;
  });
  return [
    `import type { GrafanaDashboard } from ${JSON.stringify(join(root, 'test/support/k8s/grafana.ts'))};\n`,
    ...objects.map(asSource),
    ...dashboards,
  ].join('');
}

function asSource(object: KubernetesObject, index: number): string {
  const { apiVersion, kind } = object;
  const library = apiVersion.startsWith('monitoring.') ? '@kubernetes-models/prometheus-operator' : 'kubernetes-models';
  return `import type { I${kind} as Kind${index} } from '${library}/${apiVersion}/${kind}';
export const object${index}: Kind${index} = ${JSON.stringify(object, null, 2)};
`;
}

/** Resolves with what the compiler prints; it ends with 2 when it has found something. */
function compile(folder: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [compiler, '-p', '.', '--pretty', 'false'], { cwd: folder }, (error, stdout) => {
      if (error && error.code !== 1 && error.code !== 2) reject(error);
      else resolve(stdout);
    });
  });
}
