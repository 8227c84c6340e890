import type { PodClient } from '@ws-connect/callback-client/internal/pod-client';
import type { AskElsewhere } from '../device/contest.ts';
import type { Logger } from '../log.ts';
import type { Registry } from '../registry/registry.ts';
import { RegistryUnavailable } from '../registry/registry.ts';
import type { Self } from './owners.ts';
import { hopHeader, isOf } from './owners.ts';

export interface AskElsewhereOptions {
  registry: Registry;
  podClient: PodClient;
  self: Self;
  isPodAddress: (address: string) => boolean;
  log: Logger;
}

/** Longer than the pod waits for its device, ms. */
const answerWithinMs = 3000;

/**
 * Asks the pod that the registry names whether its connection of a device is alive. A pod that does not answer has none. While the
 * registry is away nobody knows: then the connection counts as alive.
 */
export function createAskElsewhere(options: AskElsewhereOptions): AskElsewhere {
  const { registry, podClient, self, isPodAddress, log } = options;
  const underWay = new Map<string, Promise<boolean>>();

  const ask = async (deviceId: string): Promise<boolean> => {
    const [entry] = await registry.lookup([deviceId]);
    if (entry instanceof RegistryUnavailable) return true;
    if (!entry || isOf(self, entry) || !isPodAddress(entry.serverIp)) return false;
    const { serverIp: address, port, podId, traceId } = entry;
    try {
      const { status } = await podClient.send({
        address,
        port,
        podId,
        method: 'GET',
        path: `/connections/${deviceId}?ping=1`,
        headers: { 'If-Match': `"${traceId}"`, [hopHeader]: '1' },
        body: undefined,
        timeoutMs: answerWithinMs,
      });
      return status === 200;
    } catch (error) {
      log.debug({ err: error, deviceId, podId }, 'the pod with the present connection did not answer');
      return false;
    }
  };

  return (deviceId) => {
    let asked = underWay.get(deviceId);
    if (!asked) {
      asked = ask(deviceId).finally(() => underWay.delete(deviceId));
      underWay.set(deviceId, asked);
    }
    return asked;
  };
}
