import type { KubernetesObject } from './kustomize.ts';

/** Of the objects we use, what the rules look at. That they have this shape is what the schemas check. */
export interface Kinds {
  Deployment: KubernetesObject & {
    spec: {
      replicas?: number;
      selector: Selector;
      minReadySeconds?: number;
      strategy: { rollingUpdate?: { maxSurge: number; maxUnavailable: number } };
      template: { metadata: { labels: Labels }; spec: PodSpec };
    };
  };
  Service: KubernetesObject & {
    spec: { type?: string; clusterIP?: string; selector: Labels; ports: { port: number; targetPort: string }[] };
  };
  NetworkPolicy: KubernetesObject & { spec: { podSelector: Selector; ingress: IngressRule[] } };
  PodDisruptionBudget: KubernetesObject & { spec: { maxUnavailable: number; selector: Selector } };
  HorizontalPodAutoscaler: KubernetesObject & {
    spec: {
      scaleTargetRef: { kind: string; name: string };
      metrics: { pods: { metric: { name: string }; target: { averageValue: string } } }[];
      behavior: { scaleDown: { policies: { type: string; value: number; periodSeconds: number }[] } };
    };
  };
  PodMonitor: KubernetesObject & {
    spec: { selector: Selector; podMetricsEndpoints: { port: string; path: string }[] };
  };
  PrometheusRule: KubernetesObject & {
    spec: { groups: { rules: { alert: string; expr: string; for?: string; labels: Labels; annotations: Labels }[] }[] };
  };
  ConfigMap: KubernetesObject & { metadata: { labels: Labels }; data: Record<string, string> };
}

/** Of a dashboard of Grafana, what the rules look at. */
export interface Dashboard {
  panels: { id: number; title: string; targets?: { expr: string; legendFormat: string }[] }[];
  templating: { list: { name: string; definition?: string }[] };
}

export interface Selector {
  matchLabels: Labels;
}

export type Labels = Record<string, string>;

export interface IngressRule {
  from?: { podSelector?: Selector; namespaceSelector?: Selector }[];
  ports?: { port: string }[];
}

export interface PodSpec {
  terminationGracePeriodSeconds?: number;
  automountServiceAccountToken?: boolean;
  securityContext: { runAsNonRoot?: boolean; runAsUser?: number; seccompProfile?: { type: string } };
  topologySpreadConstraints?: { labelSelector: Selector }[];
  containers: Container[];
}

export interface Container {
  name: string;
  image: string;
  ports: { name: string; containerPort: number }[];
  env?: Variable[];
  lifecycle?: { preStop: { httpGet: HttpGet } };
  startupProbe?: Probe;
  readinessProbe?: Probe;
  livenessProbe?: Probe;
  resources: { requests: { memory: string }; limits: { memory: string; cpu?: string } };
  securityContext: {
    allowPrivilegeEscalation?: boolean;
    readOnlyRootFilesystem?: boolean;
    capabilities?: { drop: string[]; add?: string[] };
  };
}

export interface Variable {
  name: string;
  value?: string;
  valueFrom?: { secretKeyRef?: { name: string; key: string }; fieldRef?: { fieldPath: string } };
}

interface Probe {
  httpGet?: HttpGet;
}

export interface HttpGet {
  path: string;
  port: string;
}

export function ofKind<Kind extends keyof Kinds>(objects: KubernetesObject[], kind: Kind): Kinds[Kind][] {
  return objects.filter((object): object is Kinds[Kind] => object.kind === kind);
}

/** The one Deployment of the program itself. */
export function gatewayOf(objects: KubernetesObject[]): Kinds['Deployment'] {
  const [found, ...others] = ofKind(objects, 'Deployment').filter(({ metadata }) => metadata.name === 'ws-connect');
  if (!found || others.length > 0) throw new Error('there is to be one Deployment ws-connect');
  return found;
}

/** Those that Grafana finds. */
export function dashboardsOf(objects: KubernetesObject[]): Dashboard[] {
  return ofKind(objects, 'ConfigMap')
    .filter(({ metadata }) => metadata.labels['grafana_dashboard'] === '1')
    .flatMap(({ data }) => Object.values(data))
    .map((text) => JSON.parse(text) as Dashboard);
}

export function containerOf({ spec }: Kinds['Deployment']): Container {
  const [container, ...others] = spec.template.spec.containers;
  if (!container || others.length > 0) throw new Error('there is to be one container in a pod');
  return container;
}

export function selects(selector: Labels, { spec }: Kinds['Deployment']): boolean {
  const { labels } = spec.template.metadata;
  const wanted = Object.entries(selector);
  return wanted.length > 0 && wanted.every(([name, value]) => labels[name] === value);
}
