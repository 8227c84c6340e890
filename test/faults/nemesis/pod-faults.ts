import { setTimeout as delay } from 'node:timers/promises';
import type { FaultPod } from '../driver/pod.ts';
import type { Random } from '../random.ts';
import type { Fault, Scene } from './fault.ts';
import { during, hold } from './fault.ts';

/** How long nothing gets through between a pod and the others, ms. */
const holeMs = [300, 4500] as const;
/** A pod gets several /pre-stop at once; from the first to each, ms. */
const preStopsAfterMs = [0, 5, 50, 400];

/** What is done to one pod, and to what lies between it and its devices, whatever the registry is. */
export function podFaults(scene: Scene): Fault[] {
  const { fleet, leaseTtlMs } = scene;
  return [
    {
      name: 'kill',
      strike: (pod, random) =>
        during(scene, { name: 'kill', pods: [pod.podId], closesSockets: true }, async () => {
          await fleet.kill(pod);
          await fleet.start(random.chance(0.5) ? pod.place : undefined);
        }),
    },
    freeze(scene, 'short freeze', [0.1, 0.28]),
    freeze(scene, 'long freeze', [1.2, 1.6]),
    {
      name: 'rolling restart',
      strike: (pod, random) =>
        // it may close no more than a drain does, so nothing of what it does is excused
        during(scene, { name: 'rolling restart', pods: [] }, async () => {
          await fleet.start();
          if (random.chance(0.5)) pod.signal('SIGTERM');
          else await Promise.all(preStopsAfterMs.map((ms) => delay(ms).then(() => pod.preStop())));
          await pod.exited;
        }),
    },
    {
      name: 'device cut',
      strike: ({ network, podId }, random) =>
        during(
          scene,
          { name: 'device cut', pods: [podId], closesSockets: true },
          hold(
            () => network.cut(),
            random.between(100, leaseTtlMs),
            () => network.heal(),
          ),
        ),
    },
    {
      name: 'device black hole',
      strike: ({ network, podId }, random) => {
        const direction = random.pick(['up', 'down', 'both'] as const)!;
        const work = hold(
          () => network.blackHole(direction),
          random.between(300, 2500),
          () => network.heal(),
        );
        return during(scene, { name: 'device black hole', pods: [podId] }, work);
      },
    },
  ];
}

/** What is done to the way from the other pods to one. */
export function peerFaults(scene: Scene): Fault[] {
  return [
    peers(scene, 'pod cut', ({ peers: proxy }, random) =>
      hold(
        () => proxy.cut(),
        random.between(300, scene.leaseTtlMs / 2),
        () => proxy.heal(),
      ),
    ),
    peers(scene, 'pod black hole', ({ peers: proxy }, random) => {
      const direction = random.pick(['up', 'down', 'both'] as const)!;
      return hold(
        () => proxy.blackhole(direction),
        random.between(...holeMs),
        () => proxy.heal(),
      );
    }),
  ];
}

/** Connections, entries and takeovers have to be right without the other pods, if later, so nothing of them is excused. */
function peers(scene: Scene, name: string, workOf: (pod: FaultPod, random: Random) => () => Promise<void>): Fault {
  return { name, strike: (pod, random) => during(scene, { name, pods: [] }, workOf(pod, random)) };
}

/** `leases`: how long, in leases. */
function freeze(scene: Scene, name: string, leases: [number, number]): Fault {
  return {
    name,
    strike: (pod, random) => {
      const ms = random.between(...leases) * scene.leaseTtlMs;
      return during(
        scene,
        { name, pods: [pod.podId] },
        hold(
          () => pod.signal('SIGSTOP'),
          ms,
          () => pod.signal('SIGCONT'),
        ),
      );
    },
  };
}
