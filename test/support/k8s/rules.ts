import type { KubernetesObject } from './kustomize.ts';
import { monitoringFaults } from './monitoring-rules.ts';
import { accessFaults, exposureFaults } from './network-rules.ts';
import { environmentFaults, rolloutFaults, securityFaults } from './pod-rules.ts';
import { referenceFaults, routeFaults, scaleFaults } from './reference-rules.ts';

/** Where these objects contradict each other or the program, in sentences. */
export async function manifestFaults(objects: KubernetesObject[]): Promise<string[]> {
  return [
    ...securityFaults(objects),
    ...rolloutFaults(objects),
    ...environmentFaults(objects),
    ...referenceFaults(objects),
    ...(await routeFaults(objects)),
    ...(await scaleFaults(objects)),
    ...(await monitoringFaults(objects)),
    ...exposureFaults(objects),
    ...accessFaults(objects),
  ];
}
