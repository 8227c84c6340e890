import { loadConfig } from '../../../src/config.ts';
import { failed } from '../facts.ts';
import { askPod } from './ask-pod.ts';
import type { KubernetesObject } from './kustomize.ts';
import type { HttpGet, Kinds, Labels } from './objects.ts';
import { containerOf, gatewayOf, ofKind, selects } from './objects.ts';

/** Whatever one object says of another is true: no selector and no port name hits nothing. */
export function referenceFaults(objects: KubernetesObject[]): string[] {
  const deployments = ofKind(objects, 'Deployment');
  return referencesOf(objects).flatMap(({ by, selector, ports }) => {
    const selected = deployments.filter((deployment) => selects(selector, deployment));
    if (selected.length !== 1) return [`${by}: selects ${selected.length} Deployments`];
    const names = containerOf(selected[0]!).ports.map(({ name }) => name);
    return ports.filter((port) => !names.includes(port)).map((port) => `${by}: there is no port ${port}`);
  });
}

interface Reference {
  by: string;
  selector: Labels;
  ports: string[];
}

function referencesOf(objects: KubernetesObject[]): Reference[] {
  const reference = (object: KubernetesObject, selector: Labels, ports: string[] = []) => ({
    by: `${object.kind} ${object.metadata.name}`,
    selector,
    ports,
  });
  return [
    ...ofKind(objects, 'Deployment').flatMap((object) => [
      reference(
        object,
        object.spec.selector.matchLabels,
        requestsOf(object).map(({ port }) => port),
      ),
      ...(object.spec.template.spec.topologySpreadConstraints ?? []).map(({ labelSelector }) =>
        reference(object, labelSelector.matchLabels),
      ),
    ]),
    ...ofKind(objects, 'Service').map((object) =>
      reference(
        object,
        object.spec.selector,
        object.spec.ports.map(({ targetPort }) => targetPort),
      ),
    ),
    ...ofKind(objects, 'NetworkPolicy').flatMap((object) => [
      reference(
        object,
        object.spec.podSelector.matchLabels,
        object.spec.ingress.flatMap(({ ports = [] }) => ports).map(({ port }) => port),
      ),
      ...object.spec.ingress
        .flatMap(({ from = [] }) => from)
        .flatMap(({ podSelector }) => (podSelector ? [reference(object, podSelector.matchLabels)] : [])),
    ]),
    ...ofKind(objects, 'PodDisruptionBudget').map((object) => reference(object, object.spec.selector.matchLabels)),
    ...ofKind(objects, 'PodMonitor').map((object) =>
      reference(
        object,
        object.spec.selector.matchLabels,
        object.spec.podMetricsEndpoints.map(({ port }) => port),
      ),
    ),
  ];
}

/** The program listens at the ports of its container, and answers every request that Kubernetes or Prometheus sends to it. */
export async function routeFaults(objects: KubernetesObject[]): Promise<string[]> {
  const gateway = gatewayOf(objects);
  const { devicePort: device, callbackPort: callback, adminPort: admin } = loadConfig({});
  const scrapes = ofKind(objects, 'PodMonitor').flatMap(({ spec }) => spec.podMetricsEndpoints);
  const faults = [];
  for (const { port, path } of [...requestsOf(gateway), ...scrapes]) {
    const { status } = await askPod({ port, path });
    if (status !== 200) faults.push(`${path}: port ${port} answers ${status}`);
  }
  const ports = containerOf(gateway)
    .ports.map(({ name, containerPort }) => `${name} ${containerPort}`)
    .join(', ');
  const listening = `device ${device}, callback ${callback}, admin ${admin}`;
  return [...faults, ...failed('ws-connect', { [`listens at ${ports}`]: ports === listening })];
}

/** What the kubelet asks of the pods. */
function requestsOf(deployment: Kinds['Deployment']): HttpGet[] {
  const { startupProbe, readinessProbe, livenessProbe, lifecycle } = containerOf(deployment);
  return [startupProbe, readinessProbe, livenessProbe, lifecycle?.preStop].flatMap((at) => at?.httpGet ?? []);
}

/** The autoscaler looks at a metric there is, and takes a pod away only after the one before has drained. */
export async function scaleFaults(objects: KubernetesObject[]): Promise<string[]> {
  const gateway = gatewayOf(objects);
  const { text } = await askPod({ port: 'admin', path: '/metrics' });
  const most = containerOf(gateway).env?.find(({ name }) => name === 'MAX_CONNECTIONS')?.value;
  const grace = gateway.spec.template.spec.terminationGracePeriodSeconds ?? 30;
  return ofKind(objects, 'HorizontalPodAutoscaler').flatMap(({ spec }) => {
    const [metric] = spec.metrics;
    const { policies } = spec.behavior.scaleDown;
    return failed('the autoscaler', {
      'scales the Deployment':
        spec.scaleTargetRef.kind === 'Deployment' && spec.scaleTargetRef.name === gateway.metadata.name,
      'looks at a metric of the program': text.includes(`# TYPE ${metric?.pods.metric.name} gauge`),
      'aims at half of what a pod takes': Number(metric?.pods.target.averageValue) * 2 === Number(most),
      'takes away one pod after the other':
        policies.length === 1 &&
        policies[0]?.type === 'Pods' &&
        policies[0].value === 1 &&
        policies[0].periodSeconds > 2 * grace,
    });
  });
}
