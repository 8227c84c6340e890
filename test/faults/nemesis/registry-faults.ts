import type { Random } from '../random.ts';
import type { ClusterRegistry } from '../driver/registry-cluster.ts';
import type { SentinelRegistry } from '../driver/registry-sentinel.ts';
import type { SingleRegistry } from '../driver/registry-single.ts';
import type { Fault, Scene } from './fault.ts';
import { during } from './fault.ts';

const downMs = [500, 4000] as const;
/** Back so soon that hardly a pod misses it: no command has failed, and yet all is lost. */
const blinkMs = [50, 500] as const;
/** The Sentinels and the other masters notice none of these. */
const shortPauseMs = [300, 800] as const;
/** And all of these. */
const longPauseMs = [2500, 4000] as const;
const movedSlots = 4;

export function singleFaults(scene: Scene, registry: SingleRegistry): Fault[] {
  return [
    outage(scene, 'redis restart, empty', (random) => {
      const [least, most] = random.chance(0.5) ? blinkMs : downMs;
      return registry.restart(random.between(least, most));
    }),
    outage(scene, 'redis pause', (random) => registry.pause(random.between(...downMs))),
  ];
}

export function sentinelFaults(scene: Scene, registry: SentinelRegistry): Fault[] {
  return [
    outage(scene, 'failover', () => registry.failOver()),
    outage(scene, 'master kill', () => registry.killMaster()),
    outage(scene, 'master pause', (random) => registry.pauseMaster(random.between(...longPauseMs))),
    outage(scene, 'short master pause', (random) => registry.pauseMaster(random.between(...shortPauseMs))),
  ];
}

export function clusterFaults(scene: Scene, registry: ClusterRegistry): Fault[] {
  const device = (random: Random) => random.pick(scene.deviceIds)!;
  return [
    outage(scene, 'failover', (random) => registry.failOver(device(random))),
    outage(scene, 'master kill', (random) => registry.killMaster(device(random))),
    {
      name: 'slot migration',
      strike: (_, random) =>
        during(scene, { name: 'slot migration' }, () =>
          registry.migrate(Array.from({ length: movedSlots }, () => device(random))),
        ),
    },
    outage(scene, 'master pause', (random) => registry.pauseMaster(device(random), random.between(...longPauseMs))),
    outage(scene, 'short master pause', (random) =>
      registry.pauseMaster(device(random), random.between(...shortPauseMs)),
    ),
  ];
}

/** A fault of the registry that all pods feel. */
function outage(scene: Scene, name: string, work: (random: Random) => Promise<void>): Fault {
  return { name, strike: (_, random) => during(scene, { name, registryDown: true }, () => work(random)) };
}
