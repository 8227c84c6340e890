/**
 * The callback client: how a service pushes to devices.
 *
 *   const client = createCallbackClient({ redis });                                 // looks each device up, asks the pod that has it
 *   const client = createCallbackClient({ pods: ['http://ws-connect-callback:8081'] });   // asks any pod, which forwards
 *   const result = await client.send('lamp-1', { on: true }, { id: 'order-7' });
 */
import { PodClient } from './internal/pod-client.ts';
import type { CallbackClient } from './api.ts';
import { AnyPod, parseBases } from './any-pod.ts';
import { Breaker } from './breaker.ts';
import { Client } from './client.ts';
import type { CallbackClientOptions, DirectedOptions, UndirectedOptions } from './options.ts';
import { checkLookup, checkSettings } from './options.ts';
import { Owners } from './owners.ts';

export type { BatchMessage, Body, MessageOptions, Patience, SendOptions } from './message.ts';
export type { CallbackClientOptions, DirectedOptions, RedisReader, Token, UndirectedOptions } from './options.ts';
export type * from './result.ts';
export type { BatchSendOptions, CallbackClient } from './api.ts';

/** Throws a TypeError or RangeError that names the option that is wrong. */
export function createCallbackClient(options: CallbackClientOptions): CallbackClient {
  const { redis, pods } = options as Partial<DirectedOptions & UndirectedOptions>;
  if ((redis === undefined) === (pods === undefined)) throw new TypeError('set either redis or pods');
  const settings = checkSettings(options);
  const breaker = new Breaker(settings.breakerMs);
  const router =
    pods === undefined
      ? new Owners(checkLookup(options as DirectedOptions), breaker)
      : new AnyPod(parseBases(pods), breaker);
  return new Client({ settings, breaker, router, podClient: new PodClient({ maxSockets: settings.maxSocketsPerPod }) });
}
