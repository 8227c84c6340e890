import { hostPort, isPort } from '@ws-connect/callback-client/internal/address';
import { Unproven } from '@ws-connect/callback-client/internal/pod-exchange';
import type { PodIdentity } from '@ws-connect/callback-client/internal/pod-proof';
import { Problem } from '../http/problem.ts';
import type { ProblemCode } from '../http/problems.ts';
import type { Logger } from '../log.ts';
import type { Entry, Registry } from '../registry/registry.ts';
import { RegistryUnavailable } from '../registry/registry.ts';

/** This pod, as its own entries name it. */
export interface Self {
  podId: string;
  serverIp: string;
  /** Where others reach its callback listener. With CALLBACK_ADVERTISED_PORT it is another port than the one listened on. */
  port: () => number;
}

export interface OwnersOptions {
  registry: Registry;
  self: Self;
  isPodAddress: (address: string) => boolean;
  log: Logger;
}

/** The pod that an entry names, and where it is reached by others. */
export type Owner = PodIdentity;

/** What goes with a request that was forwarded, so that it is not forwarded again. */
export const hopHeader = 'Ws-Connect-Hop';

export type Owners = ReturnType<typeof createOwners>;

/** Which pod to ask about a device that is not on this one. */
export function createOwners({ registry, self, isPodAddress, log }: OwnersOptions) {
  return {
    /** One answer for each device, in the same order: its entry, undefined for none, or why that cannot be said. */
    async lookUp(deviceIds: readonly string[]): Promise<(Entry | Problem | undefined)[]> {
      const replies = await registry.lookup(deviceIds);
      return replies.map((reply) => {
        if (!(reply instanceof RegistryUnavailable)) return reply;
        log.debug({ err: reply }, 'lookup failed');
        return unavailable('registry-unavailable', 'the device is not on this pod and the registry did not answer');
      });
    },

    /** The other pod that an entry names; undefined: none does. */
    otherPod: (entry: Entry | undefined): Entry | undefined => (entry && !isOf(self, entry) ? entry : undefined),

    /** Why this pod must not be asked, if so. `wasForwarded`: the request was sent on by another pod already. */
    objection({ serverIp, port }: Owner, wasForwarded: boolean): Problem | undefined {
      if (wasForwarded) {
        const detail = 'the device is on another pod and this request was forwarded once already; look it up and retry';
        return new Problem({ code: 'moved', detail });
      }
      if (isPodAddress(serverIp) && isPort(port)) return undefined;
      log.warn({ serverIp, port }, 'an entry names an address outside POD_CIDRS, or no port');
      return unavailable('owner-unreachable', 'the entry of the device names an address that is no pod');
    },

    /** The pod did not answer, or another program answered in its place. The caller's own token has nothing to do with it. */
    unanswered({ serverIp, port, podId }: Owner, cause: unknown): Problem {
      log.warn({ err: cause, owner: hostPort(serverIp, port), ownerPodId: podId }, whyUnanswered(cause));
      return unavailable('owner-unreachable', 'the pod that owns the device did not answer');
    },
  };
}

/** Does the entry name this pod, or one that was at its address before? */
export function isOf(self: Self, { podId, serverIp, port }: Entry): boolean {
  return podId === self.podId || (serverIp === self.serverIp && port === self.port());
}

function whyUnanswered(cause: unknown): string {
  if (!(cause instanceof Unproven)) return 'the owner did not answer';
  return cause.status === 401
    ? 'the owner does not know the token of this pod: CALLBACK_TOKENS differ, or another program has its address'
    : 'another program answered at the address of the owner';
}

export function notConnected(): Problem {
  return new Problem({ code: 'not-connected', detail: 'no pod holds this device' });
}

function unavailable(code: ProblemCode, detail: string): Problem {
  return new Problem({ code, detail, headers: { 'Retry-After': '1' } });
}
