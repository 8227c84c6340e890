import { failed } from '../facts.ts';
import type { KubernetesObject } from './kustomize.ts';
import type { IngressRule } from './objects.ts';
import { gatewayOf, ofKind, selects } from './objects.ts';

/** What has an address of its own exposes the device port alone; a name for the pods' own addresses may name the admin port. */
export function exposureFaults(objects: KubernetesObject[]): string[] {
  const gateway = gatewayOf(objects);
  const services = ofKind(objects, 'Service').filter(({ spec }) => selects(spec.selector, gateway));
  const faults = services.flatMap(({ metadata, spec }) => {
    const allowed = spec.clusterIP === 'None' ? 'admin' : 'device';
    const exposed = spec.ports.map(({ targetPort }) => targetPort).filter((port) => port !== allowed);
    return exposed.map((port) => `Service ${metadata.name}: exposes ${port}`);
  });
  const balanced = services.filter(({ spec }) => spec.clusterIP !== 'None');
  return [...faults, ...failed('the device port', { 'is exposed by one Service': balanced.length === 1 })];
}

/** Each port is open to those it is for and to nobody else. */
export function accessFaults(objects: KubernetesObject[]): string[] {
  const gateway = gatewayOf(objects);
  const policies = ofKind(objects, 'NetworkPolicy').filter(({ spec }) =>
    selects(spec.podSelector.matchLabels, gateway),
  );
  const rules = policies.flatMap(({ spec }) => spec.ingress);
  const openTo = (port: string) =>
    rules
      .filter(({ ports = [] }) => ports.some((open) => open.port === port))
      .flatMap(peers)
      .join();
  return failed('the network policy', {
    'is there once': policies.length === 1,
    'opens to nobody without a name': rules.every(({ from = [], ports = [] }) => from.length > 0 && ports.length > 0),
    'lets devices in from the ingress': openTo('device') === 'namespace kubernetes.io/metadata.name=ingress-nginx',
    'lets callbacks in from labelled namespaces and sibling pods':
      openTo('callback') === 'namespace ws-connect/callbacks=allowed,pods app.kubernetes.io/name=ws-connect',
    'lets monitoring alone in at the admin port':
      openTo('admin') === 'namespace kubernetes.io/metadata.name=monitoring',
  });
}

function peers({ from = [] }: IngressRule): string[] {
  return from.map(({ namespaceSelector, podSelector }) => {
    const labels = Object.entries((namespaceSelector ?? podSelector)?.matchLabels ?? {});
    return `${namespaceSelector ? 'namespace' : 'pods'} ${labels.map((label) => label.join('=')).join(' ')}`;
  });
}
