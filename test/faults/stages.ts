/** Where a run takes place: the registry of each mode, and the faults there are with it. */
import type { Recorder } from './driver/recorder.ts';
import { ClusterRegistry } from './driver/registry-cluster.ts';
import { SentinelRegistry } from './driver/registry-sentinel.ts';
import { SingleRegistry } from './driver/registry-single.ts';
import type { Mode, RegistryStage } from './driver/registry-stage.ts';
import type { Fault, Scene } from './nemesis/fault.ts';
import { linkFaults } from './nemesis/link-faults.ts';
import { peerFaults, podFaults } from './nemesis/pod-faults.ts';
import { clusterFaults, sentinelFaults, singleFaults } from './nemesis/registry-faults.ts';

export interface Stage {
  stage: RegistryStage;
  faultsOf: (scene: Scene) => {
    /** Of the registry as a whole. */
    registryFaults: Fault[];
    /** Of one pod. */
    podFaults: Fault[];
  };
}

/** Starts the registry of a mode, watched. */
export async function startStage(mode: Mode, recorder: Recorder): Promise<Stage> {
  if (mode === 'single') {
    const stage = await SingleRegistry.start(recorder);
    const faultsOf = (scene: Scene) => ({
      registryFaults: singleFaults(scene, stage),
      podFaults: [...podFaults(scene), ...linkFaults(scene), ...peerFaults(scene)],
    });
    return { stage, faultsOf };
  }
  if (mode === 'sentinel') {
    const stage = await SentinelRegistry.start(recorder);
    const faultsOf = (scene: Scene) => ({
      registryFaults: sentinelFaults(scene, stage),
      podFaults: [...podFaults(scene), ...peerFaults(scene)],
    });
    return { stage, faultsOf };
  }
  const stage = await ClusterRegistry.start(recorder);
  const faultsOf = (scene: Scene) => ({
    registryFaults: clusterFaults(scene, stage),
    podFaults: [...podFaults(scene), ...peerFaults(scene)],
  });
  return { stage, faultsOf };
}
