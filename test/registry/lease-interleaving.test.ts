import fc from 'fast-check';
import { SimulatedClock } from 'xstate';
import { expect, it } from 'vitest';
import { Lease } from '../../src/registry/lease.ts';
import { MemoryRegistry } from '../../src/registry/memory.ts';
import type { Claim, Registration } from '../../src/registry/registry.ts';
import { claim } from '../support/claim.ts';

const { serverIp, port, podId } = claim();

const clock = new SimulatedClock();

/** A registry whose commands arrive, and are answered, when `scheduler` wants. */
class DistantRegistry extends MemoryRegistry {
  /** The `t` of each connection, by traceId. */
  readonly times = new Map<string, number>();
  readonly #scheduler: fc.Scheduler;

  constructor(scheduler: fc.Scheduler) {
    super(clock, 60_000);
    this.#scheduler = scheduler;
  }

  override async register(owner: Claim, t?: number): Promise<Registration> {
    const answer = await this.#travel(`register ${owner.traceId}`, () => super.register(owner, t));
    if (answer.outcome === 'registered') this.times.set(owner.traceId, answer.entry.t);
    return answer;
  }

  override refresh(deviceId: string) {
    return this.#travel('refresh', () => super.refresh(deviceId));
  }

  override unregister(...entry: Parameters<MemoryRegistry['unregister']>) {
    return this.#travel(`unregister ${entry[1].traceId}`, () => super.unregister(...entry));
  }

  async #travel<T>(command: string, run: () => Promise<T>): Promise<T> {
    await this.#scheduler.schedule(Promise.resolve(), `${command} arrives`);
    const answer = await run();
    await this.#scheduler.schedule(Promise.resolve(), `${command} is answered`);
    return answer;
  }
}

/** What a connection does, each thing without waiting for the one before. */
const connection = fc.record({ refreshes: fc.nat(2), leaves: fc.boolean() });

function live(lease: Lease, { refreshes, leaves }: { refreshes: number; leaves: boolean }): Promise<unknown>[] {
  const commands: Promise<unknown>[] = [lease.register()];
  for (let count = 0; count < refreshes; count += 1) commands.push(lease.refresh());
  if (leaves) commands.push(lease.unregister());
  return commands;
}

it('ends with the entry of the newest connection if that is still there, and never with one of a connection that left', async () => {
  const endsWell = fc.asyncProperty(
    fc.scheduler(),
    fc.array(connection, { minLength: 2, maxLength: 3 }),
    async (scheduler, connections) => {
      const registry = new DistantRegistry(scheduler);

      const commands = connections.flatMap((life, index) => {
        const onError = (error: unknown) => expect.unreachable(String(error));
        return live(
          new Lease(
            { registry, owner: { serverIp, port, podId }, clock, onError },
            { deviceId: 'device-1', traceId: `${index}` },
          ),
          life,
        );
      });
      await scheduler.waitFor(Promise.all(commands));

      const entry = await registry.lookup('device-1');
      const [newest] = [...registry.times].sort(([, one], [, two]) => two - one)[0]!;
      const remaining = connections.flatMap(({ leaves }, index) => (leaves ? [] : [`${index}`]));
      expect(remaining.includes(newest) ? [newest] : [undefined, ...remaining]).toContain(entry?.traceId);
    },
  );

  await fc.assert(endsWell, { numRuns: 500 });
});
