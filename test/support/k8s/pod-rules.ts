import type { DrainPlan } from '../../../machines/drain-plan.ts';
import { exitMarginMs } from '../../../machines/drain-plan.ts';
import { configTable, loadConfig } from '../../../src/config.ts';
import { failed } from '../facts.ts';
import type { KubernetesObject } from './kustomize.ts';
import type { Kinds, Variable } from './objects.ts';
import { containerOf, gatewayOf, ofKind } from './objects.ts';

/** Every pod runs without rights it does not need, and keeps the memory it was promised. */
export function securityFaults(objects: KubernetesObject[]): string[] {
  return ofKind(objects, 'Deployment').flatMap((deployment) => {
    const pod = deployment.spec.template.spec;
    const { resources, securityContext } = containerOf(deployment);
    const { drop = [], add = [] } = securityContext.capabilities ?? {};
    return failed(deployment.metadata.name, {
      'runs as a user that is not root':
        pod.securityContext.runAsNonRoot === true && pod.securityContext.runAsUser !== 0,
      'has the seccomp profile of the runtime': pod.securityContext.seccompProfile?.type === 'RuntimeDefault',
      'has no token of the service account': pod.automountServiceAccountToken === false,
      'cannot gain privileges': securityContext.allowPrivilegeEscalation === false,
      'has no capabilities': drop.includes('ALL') && add.length === 0,
      'cannot write its root': securityContext.readOnlyRootFilesystem === true,
      'requests the memory it may use': resources.requests.memory === resources.limits.memory,
      'has no limit on its CPU': resources.limits.cpu === undefined,
    });
  });
}

/** A rollout moves one pod's devices at a time, and the pod is given the time its drain takes. */
export function rolloutFaults(objects: KubernetesObject[]): string[] {
  const gateway = gatewayOf(objects);
  const { minReadySeconds = 0, strategy, template, replicas } = gateway.spec;
  const { terminationGracePeriodSeconds: grace = 30, topologySpreadConstraints = [] } = template.spec;
  const budgets = ofKind(objects, 'PodDisruptionBudget');
  const plan = planOf(gateway);
  return failed('ws-connect', {
    'adds one pod before it takes one away':
      strategy.rollingUpdate?.maxSurge === 1 && strategy.rollingUpdate.maxUnavailable === 0,
    'waits before it takes the next one': minReadySeconds > 0,
    'loses one pod at a time to evictions': budgets.length === 1 && budgets[0]?.spec.maxUnavailable === 1,
    'is spread over nodes and zones': topologySpreadConstraints.length === 2,
    'leaves the number of pods to the autoscaler':
      replicas === undefined || ofKind(objects, 'HorizontalPodAutoscaler').length === 0,
    'drains in its preStop hook': containerOf(gateway).lifecycle?.preStop.httpGet.path === '/pre-stop',
    'tells the program its grace period': typeof plan === 'string' || plan.graceMs === grace * 1000,
    'has a grace period its drain fits': typeof plan !== 'string' && drainMs(plan) + exitMarginMs <= grace * 1000,
    'has drained before its deadline': typeof plan !== 'string' && plan.longestMs <= plan.forcedAfterMs,
  });
}

/** The program takes the environment it is given. */
export function environmentFaults(objects: KubernetesObject[]): string[] {
  const gateway = gatewayOf(objects);
  const variables = containerOf(gateway).env ?? [];
  const names = variables.map(({ name }) => name);
  const known = configTable().map(({ name }) => name);
  const plan = planOf(gateway);
  return [
    ...names.filter((name) => !known.includes(name)).map((name) => `${name}: the program has no such variable`),
    ...names.filter((name, index) => names.indexOf(name) < index).map((name) => `${name}: set twice`),
    ...secretNames
      .filter((name) => variables.some((variable) => variable.name === name && !isSecret(variable)))
      .map((name) => `${name}: not from a Secret`),
    ...(typeof plan === 'string' ? [plan] : []),
  ];
}

/** May hold a password; a REDIS_URL without one may stand open. */
const secretNames = ['REDIS_URL', 'DEVICE_JWT_SECRET', 'CALLBACK_TOKENS'];

function isSecret({ value, valueFrom }: Variable): boolean {
  return valueFrom?.secretKeyRef !== undefined || (value !== undefined && !value.includes('@') && value.includes('//'));
}

/** From the start to the end of a drain at its longest, whatever the program does about it. */
function drainMs({ longestMs, deadlineMs }: DrainPlan): number {
  return Math.min(longestMs, deadlineMs);
}

/** The plan the program makes with this environment, or why it would not start. */
function planOf(gateway: Kinds['Deployment']): DrainPlan | string {
  try {
    return loadConfig(environmentOf(gateway)).drainPlan;
  } catch (error) {
    return (error as Error).message;
  }
}

/** What comes from the pod or from a Secret may be like this in the cluster. */
const examples: Record<string, string> = {
  'status.podIP': '10.0.0.7',
  'metadata.uid': '6e2c1f0a-0b5c-4c39-9a57-0d3d7f1c2b11',
  'redis-url': 'rediss://user:password@redis.example.com:6379',
  'device-jwt-secret': 'a-secret-of-at-least-thirty-two-bytes',
  'callback-tokens': 'the-new-token-of-today,the-old-token-of-june',
};

/** The environment of the program in the cluster. */
function environmentOf(gateway: Kinds['Deployment']): Record<string, string> {
  const variables = containerOf(gateway).env ?? [];
  return Object.fromEntries(
    variables.map(({ name, value, valueFrom }) => {
      const source = valueFrom?.fieldRef?.fieldPath ?? valueFrom?.secretKeyRef?.key ?? '';
      return [name, value ?? examples[source] ?? `from ${source || 'nowhere'}`];
    }),
  );
}
