import type { Logger } from '../observe/log.ts';
import type { PodClient } from '@ws-connect/callback-client/internal/pod-client';
import type { Registry } from '../registry/registry.ts';
import { RegistryUnavailable } from '../registry/registry.ts';
import type { Self } from '../context.ts';
import { hopHeader, isOf } from './owners.ts';

/** Resolves with whether the device has a connection on another pod that gives a sign of life. */
export type AskElsewhere = (deviceId: string) => Promise<boolean>;

export interface AskElsewhereOptions {
  registry: Registry;
  podClient: PodClient;
  self: Self;
  isPodAddress: (address: string) => boolean;
  log: Logger;
}

/** Time for the answer, ms. It is longer than the other pod waits for the device. */
const answerWithinMs = 3000;

/**
 * Asks the owner of a device whether its connection is alive. If the owner does not answer, there is no such connection. While the
 * registry is down the owner is unknown; then the connection counts as alive.
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
      log.debug({ err: error, deviceId, podId }, 'the pod that holds the current connection did not answer');
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
