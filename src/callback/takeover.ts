import { hostPort, isPort } from '@ws-connect/callback-client/internal/address';
import type { Logger } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { PodClient } from '@ws-connect/callback-client/internal/pod-client';
import { Unproven } from '@ws-connect/callback-client/internal/pod-exchange';
import type { Entry } from '../registry/registry.ts';
import { hopHeader } from './owners.ts';

export interface TakeoverOptions {
  podClient: PodClient;
  isPodAddress: (address: string) => boolean;
  metrics: Metrics;
  log: Logger;
}

const answerWithinMs = 500;
/** Most requests at once. After the death of a pod there can be thousands of entries whose owner does not answer. */
const maxUnderWay = 64;

/**
 * Tells the previous pod of a device that its connection is superseded. Otherwise both connections would stay open until the next refresh
 * of the older one. Best effort: there is no retry, and no caller waits for it.
 */
export function createTakeover({ podClient, isPodAddress, metrics, log }: TakeoverOptions) {
  let underWay = 0;

  const ask = async (deviceId: string, { serverIp, port, podId, traceId }: Entry): Promise<string> => {
    if (!isPodAddress(serverIp) || !isPort(port)) return 'refused';
    if (underWay >= maxUnderWay) return 'skipped';
    underWay += 1;
    try {
      const { status } = await podClient.send({
        address: serverIp,
        port,
        podId,
        method: 'DELETE',
        path: `/connections/${deviceId}?reason=superseded`,
        headers: { 'If-Match': `"${traceId}"`, [hopHeader]: '1' },
        body: undefined,
        timeoutMs: answerWithinMs,
      });
      return status === 204 ? 'closed' : 'gone';
    } catch (error) {
      log.debug({ err: error, deviceId, owner: hostPort(serverIp, port) }, 'the previous owner did not answer');
      return error instanceof Unproven && error.status === 401 ? 'refused' : 'unanswered';
    } finally {
      underWay -= 1;
    }
  };

  return async (deviceId: string, previous: Entry): Promise<void> => {
    metrics.takeover(await ask(deviceId, previous));
  };
}
