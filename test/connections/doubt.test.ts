import { expect, it, onTestFinished } from 'vitest';
import { SimulatedClock } from 'xstate';
import { MemoryRegistry } from '../../src/registry/memory.ts';
import type { Entry } from '../../src/registry/registry.ts';
import { Device } from '../support/device.ts';
import { testLeaseTtlMs } from '../../src/testing/device-side.ts';
import { startDeviceSide } from '../support/device-side.ts';
import { until } from '../support/until.ts';

/** Carries out refreshes at once, and holds the answers back until it is told. */
class LateRegistry extends MemoryRegistry {
  #tell: (() => void)[] = [];

  override async refresh(deviceIds: readonly string[]): Promise<(Entry | undefined)[]> {
    const replies = await super.refresh(deviceIds);
    await new Promise<void>((resolve) => this.#tell.push(resolve));
    return replies;
  }

  get isAsked(): boolean {
    return this.#tell.length > 0;
  }

  tell(): void {
    for (const resolve of this.#tell.splice(0)) resolve();
  }
}

it.each(['connecting', 'registered'])(
  'a connection that was %s before the doubt is not trusted after it',
  async (before) => {
    const registry = new LateRegistry(new SimulatedClock(), testLeaseTtlMs);
    const { connections, address } = await startDeviceSide({ registry });
    const device = await Device.connect(address, 'lamp-1');
    onTestFinished(() => device.vanish());
    if (before === 'registered') await until(() => connections.get('lamp-1')?.state === 'registered.active');

    connections.markUnverified();

    expect(connections.get('lamp-1')).toMatchObject({ state: 'unverified', isOpen: true, isVerified: false });
    expect([...connections.stateCounts.countByState()]).toEqual([['unverified', 1]]);
  },
);

it('what the registry answered to a refresh from before the doubt does not end it', async () => {
  const registry = new LateRegistry(new SimulatedClock(), testLeaseTtlMs);
  const { connections, address } = await startDeviceSide({ registry });
  const device = await Device.connect(address, 'lamp-1');
  onTestFinished(() => device.vanish());
  const connection = await until(() => connections.get('lamp-1'));
  await until(() => connection.state === 'registered.active');
  connection.lease.refresh();
  await until(() => registry.isAsked);

  connections.markUnverified(); // the process stood still with the answer unread; meanwhile the lease has ended
  registry.tell();
  await new Promise(setImmediate);

  expect(connection.isVerified).toBe(false);
});
