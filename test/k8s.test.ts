import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { configTable, loadConfig } from '../src/config.ts';
import { startPod } from './support/pod.ts';

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const deployment = parse(read('k8s/base/deployment.yaml'));
const service = parse(read('k8s/base/service.yaml'));
const { template, selector } = deployment.spec;
const [container] = template.spec.containers;
const env: { name: string; value?: string }[] = container.env;
const ports: Record<string, number> = Object.fromEntries(
  container.ports.map(({ name, containerPort }: { name: string; containerPort: number }) => [name, containerPort]),
);

describe('the manifests', () => {
  it('set only variables the program knows', () => {
    const known = configTable().map(({ name }) => name);

    expect(known).toEqual(expect.arrayContaining(env.map(({ name }) => name)));
  });

  it('give the pod the grace its drain was planned for', () => {
    const values = Object.fromEntries(env.map(({ name, value }) => [name, value]));

    const { drainPlan } = loadConfig({ ...values, POD_IP: '10.0.0.1' });

    expect(drainPlan.graceMs).toBe(template.spec.terminationGracePeriodSeconds * 1000);
    expect(drainPlan.fits).toBe(true);
  });

  it('name the ports the program listens on by default', () => {
    const config = loadConfig({});

    expect(ports).toEqual({ device: config.DEVICE_PORT, callback: config.CALLBACK_PORT, admin: config.ADMIN_PORT });
  });

  it('expose the device port alone', () => {
    expect(service.spec.ports.map(({ targetPort }: { targetPort: string }) => targetPort)).toEqual(['device']);
  });

  it('select the pods by the labels the pods have', () => {
    expect(template.metadata.labels).toMatchObject(selector.matchLabels);
    expect(service.spec.selector).toEqual(selector.matchLabels);
  });

  it('probe and hook routes that answer 200', async () => {
    const pod = await startPod();
    const { startupProbe, readinessProbe, livenessProbe, lifecycle } = container;
    const checks = [startupProbe, readinessProbe, livenessProbe, lifecycle.preStop].map(({ httpGet }) => httpGet);

    const answers = [];
    for (const { path, port } of checks) answers.push({ port, status: (await fetch(`${pod.admin}${path}`)).status });

    expect(answers).toEqual(checks.map(() => ({ port: 'admin', status: 200 })));
    await pod.stop();
  });
});

describe('the Dockerfile', () => {
  const dockerfile = read('Dockerfile');

  it('runs the program of package.json with node itself', () => {
    const { bin } = JSON.parse(read('package.json'));

    expect(dockerfile).toContain(`CMD ["node", "${bin['ws-connect']}"]`);
  });

  it('exposes the ports of the manifests', () => {
    expect(dockerfile).toContain(`EXPOSE ${ports['device']} ${ports['callback']} ${ports['admin']}\n`);
  });
});
