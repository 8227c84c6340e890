import { onTestFinished } from 'vitest';
import type { CallbackClient, CallbackClientOptions, DirectedOptions } from '@ws-connect/callback-client';
import { createCallbackClient } from '@ws-connect/callback-client';
import type { OwnerEntry } from './owners.ts';

/** A callback client that ends with the test. */
export function runClient(options: CallbackClientOptions): CallbackClient {
  const client = createCallbackClient(options);
  onTestFinished(() => client.close());
  return client;
}

/** A registry in a map, for what no Redis can be made to do at the right moment; and a client that asks it. */
export function runClientWithEntries(options: Partial<DirectedOptions> = {}) {
  const entries = new Map<string, string>();
  const lookups: string[] = [];
  const redis = {
    get(key: string) {
      lookups.push(key);
      return Promise.resolve(entries.get(key) ?? null);
    },
  };
  const client = runClient({ redis, ...options });
  const own = (deviceId: string, { serverIp, port, podId = 'pod', t = 1 }: OwnerEntry): void => {
    const traceId = String(t).padStart(32, '0');
    entries.set(`ws-connect:device:{${deviceId}}`, JSON.stringify({ v: 1, serverIp, port, traceId, podId, t }));
  };
  return { client, own, lookups, disown: (deviceId: string) => entries.delete(`ws-connect:device:{${deviceId}}`) };
}
