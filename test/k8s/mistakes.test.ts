import { beforeAll, describe, expect, it } from 'vitest';
import type { KubernetesObject } from '../support/k8s/kustomize.ts';
import { readManifest, renderKustomization } from '../support/k8s/kustomize.ts';
import { manifestFaults } from '../support/k8s/rules.ts';
import { schemaFaults } from '../support/k8s/schema.ts';

/** What was mistyped: a file of k8s/, the text that stands there, what stands there by mistake, and what is said of it. */
type Mistake = [file: string, right: string, wrong: string, fault: string];

const deployment = 'base/deployment.yaml';
const policy = 'base/network-policy.yaml';
const alerts = 'overlays/prod/alerts.yaml';
const dashboard = 'overlays/prod/dashboard.json';
const scaler = 'overlays/prod/horizontal-pod-autoscaler.yaml';

const againstTheSchema: Mistake[] = [
  [deployment, 'containerPort: 8080', 'containrPort: 8080', 'containrPort'],
  [deployment, 'readOnlyRootFilesystem', 'readonlyRootFilesystem', 'readonlyRootFilesystem'],
  [deployment, 'minReadySeconds: 10', 'minReadySecond: 10', 'minReadySecond'],
  [deployment, 'periodSeconds: 2', "periodSeconds: '2'", 'periodSeconds must be integer'],
  [deployment, 'type: RollingUpdate', 'type: Rolling', 'strategy/type must be equal to one of the allowed values'],
  ['overlays/prod/deployment.yaml', 'memory: 1Gi', 'memory: 1 GB', 'memory must match format "quantity"'],
  [deployment, '- name: ws-connect', '- title: ws-connect', 'must have required property name'],
  ['base/service.yaml', 'targetPort', 'targetport', 'targetport'],
  ['base/pod-disruption-budget.yaml', 'maxUnavailable', 'maxUnavailble', 'maxUnavailble'],
  [policy, 'namespaceSelector', 'namespaceSelektor', 'namespaceSelektor'],
  [scaler, 'averageValue', 'averagevalue', 'averagevalue'],
  ['overlays/prod/pod-monitor.yaml', 'podMetricsEndpoints', 'podMetricEndpoints', 'podMetricEndpoints'],
  ['overlays/prod/pod-monitor.yaml', 'interval: 15s', 'interval: often', 'interval'],
  [alerts, 'for: 10m', 'for: long', 'for'],
  [alerts, 'annotations:', 'annotation:', 'annotation'],
  ['overlays/prod/pod-monitor.yaml', 'kind: PodMonitor', 'kind: PodMonitors', 'there is no schema for this kind'],
  [dashboard, '"legendFormat": "p50"', '"legend": "p50"', 'legendFormat'],
  [dashboard, '"graphTooltip"', '"graphToolTip"', 'graphToolTip'],
  [dashboard, '"mergeValues"', '"mergedValues"', 'mergedValues'],
  [dashboard, '"fillOpacity": 20', '"fillOpacity": "20"', "Type 'string' is not assignable to type 'number'"],
  [dashboard, '"mode": "normal"', '"mode": "stacked"', `"stacked"' is not assignable`],
  [dashboard, '"showValue": "never"', '"showValue": "no"', `"no"' is not assignable`],
  [dashboard, '"type": "state-timeline"', '"type": "status-timeline"', `"status-timeline"' is not assignable`],
  [dashboard, '"refresh": 2', '"refresh": 9', "Type '9' is not assignable"],
];

const againstTheProgram: Mistake[] = [
  [deployment, 'containerPort: 8081', 'containerPort: 8181', 'listens at device 8080, callback 8181'],
  [deployment, 'path: /livez', 'path: /healthz', '/healthz: port admin answers 404'],
  [deployment, 'path: /pre-stop', 'path: /prestop', 'drains in its preStop hook'],
  ['overlays/prod/pod-monitor.yaml', '/metrics', '/prometheus', '/prometheus: port admin answers 404'],
  [deployment, 'name: POD_IP', 'name: POD_ADDRESS', 'POD_ADDRESS: the program has no such variable'],
  ['overlays/prod/deployment.yaml', "'20000'", 'many', 'MAX_CONNECTIONS=many'],
  ['overlays/prod/authentication.yaml', 'CALLBACK_TOKENS', 'CALLBACK_TOKEN', 'CALLBACK_TOKEN: the program has no'],
  ['overlays/prod/deployment.yaml', 'key: redis-url', 'key: redis', 'REDIS_URL=***'],
  [deployment, 'fieldPath: status.podIP', 'fieldPath: status.hostIP', 'POD_IP=from status.hostIP'],
  [deployment, 'Seconds: 45', 'Seconds: 20', 'has a grace period its drain fits'],
  [deployment, 'Seconds: 45', 'Seconds: 60', 'tells the program its grace period'],
  [deployment, "'45000'", "'20000'", 'TERMINATION_GRACE_MS=20000'],
  [scaler, 'ws_connect_connections\n', 'ws_connect_connection\n', 'looks at a metric of the program'],
];

const againstEachOther: Mistake[] = [
  [deployment, 'labels:\n        app.kubernetes.io/name', 'labels:\n        app', 'Service ws-connect: selects 0'],
  [
    'base/service.yaml',
    'selector:\n    app.kubernetes.io/name: ws-connect',
    'selector:\n    app: ws',
    'selects 0 Deploym',
  ],
  [
    'base/pod-disruption-budget.yaml',
    'Labels:\n      app.kubernetes.io/name',
    'Labels:\n      app',
    'Budget ws-connect: sel',
  ],
  [
    policy,
    'podSelector:\n    matchLabels:\n      app.',
    'podSelector:\n    matchLabels:\n      ap.',
    'Policy ws-connect: sel',
  ],
  ['overlays/prod/pod-monitor.yaml', 'port: admin', 'port: metrics', 'PodMonitor ws-connect: there is no port metrics'],
  [deployment, 'port: admin', 'port: health', 'Deployment ws-connect: there is no port health'],
  [policy, 'port: callback', 'port: callbacks', 'NetworkPolicy ws-connect: there is no port callbacks'],
  [scaler, 'kind: Deployment\n    name: ws-connect', 'kind: Deployment\n    name: gateway', 'scales the Deployment'],
  [scaler, "'10000'", "'15000'", 'aims at half of what a pod takes'],
  [scaler, 'periodSeconds: 120', 'periodSeconds: 60', 'takes away one pod after the other'],
];

const againstTheMetrics: Mistake[] = [
  [alerts, 'ws_connect_registry_up', 'ws_connect_registry_is_up', 'there is no metric ws_connect_registry_is_up'],
  [alerts, '{result="auth', '{outcome="auth', 'ws_connect_connects_total has no label outcome'],
  [alerts, 'owner-unreachable"', 'owner-away"', 'outcome is never owner-away'],
  [alerts, 'by (namespace, pod)', 'by (namespace, node)', 'groups by node, which not all have'],
  [alerts, '> 15000', '> 19000', 'calls at three quarters of what a pod takes'],
  [alerts, 'sum by (namespace) (', 'sum(', 'shows namespace, which the answer has not'],
  [alerts, 'for: 10m', 'for: 0s', 'WsConnectNearlyFull: it is not so that it waits before it calls'],
  [alerts, 'severity: warning', 'severity: bad', 'says how bad it is'],
  [alerts, 'summary: No', 'title: No', 'says what is wrong'],
  [alerts, '#when-redis-is-away', '#when-redis-is-gone', 'says where the documents say what to do'],
  [alerts, 'docs/security.md', 'docs/secrets.md', 'says where the documents say what to do'],
  [alerts, '(docs/deploying.md#apply-it)', '(the README)', 'says where the documents say what to do'],
  [dashboard, 'sum by (state) (', 'sum by (phase) (', 'Connections by state: groups by phase'],
  [dashboard, '{{code}} {{reason}}', '{{code}} {{why}}', 'Closes by code and reason: shows why'],
  [dashboard, 'ws_connect_takeovers_total', 'ws_connect_connects_total', 'does not show ws_connect_takeovers_total'],
  [dashboard, 'process_cpu_seconds_total', 'process_cpu_total', 'CPU: there is no metric process_cpu_total'],
  [dashboard, 'pod=~', 'pods=~', 'has no label pods'],
  [dashboard, 'registry_up, namespace)', 'registry_up, cluster)', 'variable namespace: shows cluster'],
  [dashboard, '"id": 2,', '"id": 1,', 'has an id for each panel'],
];

const againstSafety: Mistake[] = [
  ['base/service.yaml', 'targetPort: device', 'targetPort: admin', 'Service ws-connect: exposes admin'],
  ['base/service.yaml', 'targetPort: device', 'targetPort: callback', 'Service ws-connect: exposes callback'],
  [
    'base/scrape-service.yaml',
    'targetPort: admin',
    'targetPort: callback',
    'Service ws-connect-pods: exposes callback',
  ],
  ['base/scrape-service.yaml', 'clusterIP: None', 'type: ClusterIP', 'Service ws-connect-pods: exposes admin'],
  [
    policy,
    'ws-connect/callbacks: allowed',
    'ws-connect/callback: allowed',
    'lets callbacks in from labelled namespaces',
  ],
  [policy, 'metadata.name: monitoring', 'metadata.name: default', 'lets monitoring alone in at the admin port'],
  [policy, 'metadata.name: ingress-nginx', 'metadata.name: default', 'lets devices in from the ingress'],
  [policy, '      ports:\n        - port: admin', '', 'opens to nobody without a name'],
  [deployment, 'runAsNonRoot: true', 'runAsNonRoot: false', 'runs as a user that is not root'],
  [deployment, 'readOnlyRootFilesystem: true', 'readOnlyRootFilesystem: false', 'cannot write its root'],
  [deployment, 'Escalation: false', 'Escalation: true', 'cannot gain privileges'],
  [deployment, 'drop: [ALL]', 'drop: [KILL]', 'has no capabilities'],
  [deployment, 'type: RuntimeDefault', 'type: Unconfined', 'seccomp profile'],
  [deployment, 'Token: false', 'Token: true', 'has no token of the service account'],
  [
    'overlays/prod/deployment.yaml',
    'limits:\n              memory: 1Gi',
    'limits:\n              memory: 2Gi',
    'requests the mem',
  ],
  ['overlays/prod/deployment.yaml', 'limits:', 'limits:\n              cpu: 2', 'has no limit on its CPU'],
  ['overlays/prod/deployment.yaml', 'spec:\n  template', 'spec:\n  replicas: 3\n  template', 'to the autoscaler'],
  [
    'overlays/prod/authentication.yaml',
    'value: bearer',
    "value: ''\n            - name: CALLBACK_AUTH",
    'CALLBACK_AUTH: set twice',
  ],
  [deployment, 'maxSurge: 1', 'maxSurge: 0', 'adds one pod before it takes one away'],
  [deployment, 'maxUnavailable: 0', 'maxUnavailable: 1', 'adds one pod before it takes one away'],
  [deployment, 'minReadySeconds: 10', 'minReadySeconds: 0', 'waits before it takes the next one'],
  ['base/pod-disruption-budget.yaml', 'maxUnavailable: 1', 'maxUnavailable: 2', 'loses one pod at a time to evictions'],
];

describe('a mistake in a manifest is found', () => {
  let schemaAnswers: string[];

  beforeAll(async () => {
    schemaAnswers = (await schemaFaults(againstTheSchema.map(renderMistaken))).map((faults) => faults.join('\n'));
  });

  it.each(againstTheSchema.map((mistake, index) => [index, ...mistake] as const))(
    'by the schemas: %i %s %j %j',
    (index, ...[, , , fault]) => {
      expect(schemaAnswers[index]).toContain(fault);
    },
  );

  it.each([...againstTheProgram, ...againstEachOther, ...againstTheMetrics, ...againstSafety])(
    'by the rules: %s %j %j',
    async (...mistake) => {
      const faults = await manifestFaults(renderMistaken(mistake));

      expect(faults.join('\n')).toContain(mistake[3]);
    },
  );
});

describe('a mistake in a kustomization is found', () => {
  it.each<Mistake>([
    ['base/kustomization.yaml', 'resources:', 'commonLabels: {}\nresources:', 'cannot render commonLabels'],
    [
      'overlays/prod/kustomization.yaml',
      '- path: deployment',
      '- target: x\n    path: deployment',
      'cannot render target',
    ],
    ['overlays/prod/kustomization.yaml', '- name: ws-connect\n', '- name: ws\n', 'no container has the image ws'],
    ['overlays/prod/kustomization.yaml', 'Hash: true', 'Hash: false', 'cannot render the name of the ConfigMap'],
    ['overlays/prod/kustomization.yaml', '    files:', '    envs: []\n    files:', 'cannot render envs'],
    [
      'overlays/prod/kustomization.yaml',
      '      labels:',
      '      immutable: true\n      labels:',
      'cannot render immutable',
    ],
    ['overlays/prod/kustomization.yaml', '- dashboard', '- board', 'no such file'],
    ['overlays/prod/kustomization.yaml', 'horizontal-pod', 'vertical-pod', 'no such file'],
    [
      'overlays/prod/deployment.yaml',
      'name: ws-connect',
      'name: gateway',
      'apps/v1/Deployment/gateway, which is not there',
    ],
    ['overlays/prod/deployment.yaml', 'spec:\n  template', 'spec:\n  paused: null\n  template', 'takes away: paused'],
    [deployment, 'minReadySeconds: 10', 'minReadySeconds: 10\n  minReadySeconds: 1', 'unique'],
  ])('%s %j %j', (...mistake) => {
    expect(() => renderMistaken(mistake)).toThrow(mistake[3]);
  });
});

/** overlays/prod with this mistake made wherever the text stands in that file. */
function renderMistaken([file, right, wrong]: Mistake): KubernetesObject[] {
  return renderKustomization('overlays/prod', (path) => {
    const text = readManifest(path);
    if (path !== file) return text;
    if (!text.includes(right)) throw new Error(`${file} has no ${right}`);
    return text.replaceAll(right, wrong);
  });
}
