import { onTestFinished } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import type { Environment } from '../../src/config.ts';
import { loadConfig } from '../../src/config.ts';
import { createLogger } from '../../src/observe/log.ts';
import { createMetrics } from '../../src/observe/metrics.ts';
import type { LeasePorts } from '../../src/registry/lease.ts';
import type { Registration } from '../../src/registry/registration.ts';
import { createRegistration } from '../../src/registry/registration.ts';
import type { Claim } from '../../src/registry/registry.ts';
import { AwaitedLease } from './awaited-lease.ts';
import { claim } from './claim.ts';
import { podRecord } from './pod-record.ts';
import type { Finish } from './running.ts';
import { until } from './until.ts';

const { serverIp, port, podId } = claim();

/** All that keeps the registry right in a pod, on the real clock, and some leases of it that are held. */
export class RunningRegistration {
  readonly registration: Registration;
  readonly leases: AwaitedLease[] = [];
  readonly #ports: LeasePorts;
  /** How often the registry was reached. */
  reached = 0;

  constructor(env: Environment, finish: Finish = onTestFinished) {
    const config = loadConfig({ POD_IP: serverIp, POD_UID: podId, REDIS_PREFIX: 'test', ...env });
    const metrics = createMetrics();
    this.registration = createRegistration(
      { config, clock: systemClock, log: createLogger('silent'), metrics },
      {
        record: () => podRecord({ connections: this.leases.length }),
        leases: () => this.leases.map(({ lease }) => lease),
        reached: () => (this.reached += 1),
      },
    );
    this.#ports = this.registration.leasePorts({
      owner: () => ({ serverIp, port, podId }),
      tookOver: () => {},
    });
    finish(async () => {
      await this.registration.stop();
      await this.registration.close();
      metrics.close();
    });
  }

  hold(count: number, name = 'device'): AwaitedLease[] {
    const added = Array.from({ length: count }, (_, index) => this.#hold(`${name}-${index}`));
    this.leases.push(...added);
    return added;
  }

  /** Resolves once a registry that does not answer is known to be away. */
  async away(): Promise<void> {
    for (let times = 0; times < 3; times += 1) this.registration.announce(podRecord());
    await until(() => !this.registration.isUp());
  }

  /** Everyone is registered, and nothing is owed. */
  async isAllWell(): Promise<boolean> {
    if (!this.registration.isUp() || this.registration.dirty().count > 0) return false;
    const replies = await this.registration.registry.lookup(this.leases.map(({ deviceId }) => deviceId));
    return replies.every((reply, index) => {
      return reply !== undefined && 'traceId' in reply && reply.traceId === this.leases[index]!.traceId;
    });
  }

  #hold(deviceId: Claim['deviceId']): AwaitedLease {
    return new AwaitedLease(this.#ports, { deviceId, traceId: `of-${deviceId}` });
  }
}

/** Starts it. It stops with the test. */
export function runRegistration(env: Environment = {}, finish: Finish = onTestFinished): RunningRegistration {
  const running = new RunningRegistration(env, finish);
  running.registration.start();
  return running;
}
