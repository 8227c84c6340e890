import type { Claim, Entry, Registration, Registry, Reply } from '../../src/registry/registry.ts';
import { RegistryUnavailable } from '../../src/registry/registry.ts';

/** A registry that takes one command at a time, and rejects with the RegistryUnavailable. */
export interface SingleRegistry {
  register(claim: Claim, t?: number): Promise<Registration>;
  refresh(deviceId: string): Promise<Entry | undefined>;
  unregister(deviceId: string, entry: Entry): Promise<boolean>;
  lookup(deviceId: string): Promise<Entry | undefined>;
}

export function singly(registry: Registry): SingleRegistry {
  return {
    register: async (claim, t) => {
      return only(await registry.register([t === undefined ? claim : { ...claim, t, isFirst: false }]));
    },
    refresh: async (deviceId) => only(await registry.refresh([deviceId])),
    unregister: async (deviceId, entry) => only(await registry.unregister([{ deviceId, ...entry }])),
    lookup: async (deviceId) => only(await registry.lookup([deviceId])),
  };
}

function only<T>(replies: Reply<T>[]): T {
  if (replies.length !== 1) throw new Error(`${replies.length} replies to one command`);
  const reply = replies[0] as Reply<T>;
  if (reply instanceof RegistryUnavailable) throw reply;
  return reply;
}
