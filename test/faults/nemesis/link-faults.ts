import type { FaultPod } from '../driver/pod.ts';
import type { Random } from '../random.ts';
import type { Fault, Scene } from './fault.ts';
import { during, hold } from './fault.ts';

/** Past the timeout of a command (1 s) and that of a connection (3 s), ms. */
const holeMs = [300, 4500] as const;
const latencyMs = [50, 200] as const;

/** What is done to the way between one pod and the registry, which needs a proxy there. */
export function linkFaults(scene: Scene): Fault[] {
  const hole = (name: string, direction: 'up' | 'down' | 'both') =>
    link(scene, name, (pod, random) => {
      const proxy = pod.proxy!;
      return hold(
        () => proxy.blackhole(direction),
        random.between(...holeMs),
        () => proxy.heal(),
      );
    });
  return [
    link(scene, 'link cut', ({ proxy }, random) =>
      hold(
        () => proxy!.cut(),
        random.between(100, scene.leaseTtlMs * 1.5),
        () => proxy!.heal(),
      ),
    ),
    hole('link black hole', 'both'),
    hole('link requests lost', 'up'),
    hole('link answers lost', 'down'),
    {
      name: 'link slow',
      strike: ({ proxy, podId }, random) => {
        const ms = random.between(...latencyMs);
        const work = hold(
          () => Object.assign(proxy!.latencyMs, { up: ms, down: ms }),
          random.between(1000, scene.leaseTtlMs),
          () => Object.assign(proxy!.latencyMs, { up: 0, down: 0 }),
        );
        return during(scene, { name: 'link slow', pods: [podId] }, work);
      },
    },
  ];
}

function link(scene: Scene, name: string, workOf: (pod: FaultPod, random: Random) => () => Promise<void>): Fault {
  return {
    name,
    strike: (pod, random) => during(scene, { name, pods: [pod.podId], registryDown: true }, workOf(pod, random)),
  };
}
