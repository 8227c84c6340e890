import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';

/** What every Kubernetes object has; the rest is as its YAML has it. */
export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string };
}

interface Kustomization {
  resources: string[];
  patches: { path: string }[];
  images: { name: string; newName?: string; newTag?: string }[];
  configMapGenerator: ConfigMapSource[];
}

/** With `disableNameSuffixHash`: the hash in the name is not rendered. */
interface ConfigMapSource {
  name: string;
  files: string[];
  options: { disableNameSuffixHash: true; labels: Record<string, string> };
}

type NamedFields = Fields & { name: string };
type Value = null | boolean | number | string | Value[] | Fields;
interface Fields {
  [key: string]: Value;
}

const top = fileURLToPath(new URL('../../../k8s/', import.meta.url));

/**
 * Renders a folder of k8s/ like `kubectl kustomize`, where that is not installed: what our kustomizations use and nothing else.
 * `read` gets a path in k8s/. Throws at a key it does not know and at a patch that hits nothing.
 */
export function renderKustomization(folder: string, read = readManifest): KubernetesObject[] {
  const { resources, patches, images, configMapGenerator } = kustomizationOf(folder, read);
  const objects = resources.flatMap((path) => {
    const target = join(folder, path);
    return target.endsWith('.yaml')
      ? (documents(target, read) as KubernetesObject[])
      : renderKustomization(target, read);
  });
  objects.push(...configMapGenerator.map((source) => configMapOf(source, (file) => read(join(folder, file)))));
  for (const { path } of patches) {
    for (const patch of documents(join(folder, path), read) as KubernetesObject[]) applyPatch(objects, patch);
  }
  for (const image of images) setImage(objects, image);
  return objects;
}

export function readManifest(path: string): string {
  return readFileSync(join(top, path), 'utf8');
}

function kustomizationOf(folder: string, read: typeof readManifest): Kustomization {
  const path = join(folder, 'kustomization.yaml');
  const [document] = documents(path, read) as [Partial<Kustomization> & { apiVersion: string; kind: string }];
  const { apiVersion, kind, resources = [], patches = [], images = [], configMapGenerator = [], ...others } = document;
  if (apiVersion !== 'kustomize.config.k8s.io/v1beta1' || kind !== 'Kustomization') throw new Error(`${path}: ${kind}`);
  const unknown = [
    ...Object.keys(others),
    ...patches.flatMap((patch) => keysBut(['path'], patch)),
    ...images.flatMap((image) => keysBut(['name', 'newName', 'newTag'], image)),
    ...configMapGenerator.flatMap((source) => keysBut(['name', 'files', 'options'], source)),
    ...configMapGenerator.flatMap(({ options }) => keysBut(['disableNameSuffixHash', 'labels'], options)),
  ];
  if (unknown.length > 0) throw new Error(`${path}: cannot render ${unknown.join(', ')}`);
  return { resources, patches, images, configMapGenerator };
}

function configMapOf({ name, files, options }: ConfigMapSource, readFile: (file: string) => string): KubernetesObject {
  if (!options.disableNameSuffixHash) throw new Error(`cannot render the name of the ConfigMap ${name} with its hash`);
  const data = Object.fromEntries(files.map((file) => [file, readFile(file)]));
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels: options.labels }, data } as KubernetesObject;
}

function keysBut(known: string[], object: object): string[] {
  return Object.keys(object).filter((key) => !known.includes(key));
}

function documents(path: string, read: typeof readManifest): unknown[] {
  return parseAllDocuments(read(path)).map((document) => {
    if (document.errors.length > 0) throw new Error(`${path}: ${String(document.errors[0])}`);
    return document.toJS() as unknown;
  });
}

function applyPatch(objects: KubernetesObject[], patch: KubernetesObject): void {
  const index = objects.findIndex((object) => nameOf(object) === nameOf(patch));
  if (index < 0) throw new Error(`a patch is for ${nameOf(patch)}, which is not there`);
  objects[index] = merge(
    objects[index] as unknown as Fields,
    patch as unknown as Fields,
  ) as unknown as KubernetesObject;
}

function nameOf({ apiVersion, kind, metadata }: KubernetesObject): string {
  return `${apiVersion}/${kind}/${metadata.name}`;
}

/** The lists that a strategic merge joins by the names of their items, of those we patch. It replaces lists of plain values. */
const namedLists = ['containers', 'env'];

/** A strategic merge of what stands at `key`. */
function merge(old: Value | undefined, patch: Value, key = ''): Value {
  if (patch === null || key.startsWith('$')) throw new Error(`cannot render a patch that takes away: ${key}`);
  if (Array.isArray(patch)) return mergeLists(old, patch, key);
  if (!isFields(old) || !isFields(patch)) return patch;
  const merged = { ...old };
  for (const [name, value] of Object.entries(patch)) merged[name] = merge(old[name], value, name);
  return merged;
}

/** `kubectl kustomize` puts new items first. */
function mergeLists(old: Value | undefined, patch: Value[], key: string): Value {
  if (!Array.isArray(old) || !patch.some(isFields)) return patch;
  if (!namedLists.includes(key)) throw new Error(`cannot render a patch of the list ${key}`);
  const [items, patches] = [old as NamedFields[], patch as NamedFields[]];
  const added = patches.filter(({ name }) => !items.some((item) => item.name === name));
  return [...added, ...items.map((item) => merge(item, patches.find(({ name }) => name === item.name) ?? {}))];
}

function isFields(value: Value | undefined): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function setImage(
  objects: KubernetesObject[],
  { name, newName = name, newTag }: Kustomization['images'][number],
): void {
  const containers = objects.flatMap(containersOf).filter(({ image }) => image?.startsWith(`${name}:`));
  if (containers.length === 0) throw new Error(`no container has the image ${name}`);
  for (const container of containers)
    container.image = `${newName}:${newTag ?? container.image?.slice(name.length + 1)}`;
}

function containersOf(object: KubernetesObject): { image?: string }[] {
  if (object.kind !== 'Deployment') return [];
  const { spec } = object as unknown as { spec: { template: { spec: { containers: { image?: string }[] } } } };
  return spec.template.spec.containers;
}
