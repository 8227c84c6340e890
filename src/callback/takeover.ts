import { hostPort, isPort } from '@ws-connect/callback-client/internal/address';
import type { PodClient } from '@ws-connect/callback-client/internal/pod-client';
import { Unproven } from '@ws-connect/callback-client/internal/pod-exchange';
import type { Logger } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { Entry } from '../registry/registry.ts';
import { hopHeader } from './owners.ts';

export interface TakeoverOptions {
  podClient: PodClient;
  isPodAddress: (address: string) => boolean;
  metrics: Metrics;
  log: Logger;
}

const answerWithinMs = 500;
/** More than this at once are not asked: a pod that died leaves thousands of entries that nobody answers for. */
const maxUnderWay = 64;

/**
 * Tells the pod that a device has left that its connection was superseded, so that not two of them live until the next refresh
 * finds out. Best effort: nothing is repeated, and nobody waits.
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
