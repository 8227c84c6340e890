import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { KubernetesObject } from '../support/k8s/kustomize.ts';
import { readManifest, renderKustomization } from '../support/k8s/kustomize.ts';
import { containerOf, gatewayOf } from '../support/k8s/objects.ts';
import { manifestFaults } from '../support/k8s/rules.ts';
import { schemaFaults } from '../support/k8s/schema.ts';

const folders = ['base', 'overlays/dev', 'overlays/dev-redis', 'overlays/prod'];
const hasKubectl = spawnSync('kubectl', ['version', '--client']).status === 0;

describe('the manifests', () => {
  it('are what Kubernetes takes, without a field it does not know', async () => {
    const faults = await schemaFaults(folders.map((folder) => renderKustomization(folder)));

    expect(faults).toEqual(folders.map(() => []));
  });

  it.each(folders)('agree with each other and with the program: %s', async (folder) => {
    const faults = await manifestFaults(renderKustomization(folder));

    expect(faults).toEqual([]);
  });

  it.each(hasKubectl ? folders : [])('are rendered like kubectl does: %s', (folder) => {
    const path = fileURLToPath(new URL(`../../k8s/${folder}`, import.meta.url));
    const byKubectl = parseAllDocuments(String(execFileSync('kubectl', ['kustomize', path]))).map((document) =>
      document.toJS(),
    );

    expect(sorted(renderKustomization(folder))).toEqual(sorted(byKubectl));
  });

  it('run the version of package.json', () => {
    const { version } = JSON.parse(readManifest('../package.json'));

    const images = folders.map((folder) => containerOf(gatewayOf(renderKustomization(folder))).image);

    expect(images).toEqual(folders.map(() => expect.stringMatching(new RegExp(`/?ws-connect:${version}$`))));
  });
});

function sorted(objects: KubernetesObject[]): KubernetesObject[] {
  const key = ({ kind, metadata }: KubernetesObject) => `${kind} ${metadata.name}`;
  return objects.toSorted((a, b) => key(a).localeCompare(key(b)));
}
