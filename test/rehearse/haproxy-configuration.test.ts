import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config.ts';

const read = (path: string) => readFileSync(new URL(`../../k8s/${path}`, import.meta.url), 'utf8');
const configuration = read('haproxy/haproxy.cfg');
const { metadata, spec } = parse(read('haproxy/service.yaml'));
const { template } = parse(read('base/deployment.yaml')).spec;

it('haproxy asks for the SRV records of the headless Service', () => {
  const [port] = spec.ports;

  expect(spec.clusterIP).toBe('None');
  expect(configuration).toContain(`_${port.name}._tcp.${metadata.name}.default.svc.cluster.local`);
});

it('the headless Service finds the pods by their labels and port', () => {
  const names = template.spec.containers[0].ports.map(({ name }: { name: string }) => name);

  expect(template.metadata.labels).toMatchObject(spec.selector);
  expect(names).toContain(spec.ports[0].targetPort);
});

it('haproxy leaves it to the pods to decide that an open connection is dead', () => {
  const { pingIntervalMs, pongTimeoutMs } = loadConfig({});
  const seconds = Number(/timeout tunnel (\d+)s/.exec(configuration)?.[1]);

  expect(seconds * 1000).toBeGreaterThan(Math.max(pingIntervalMs, pongTimeoutMs));
});
