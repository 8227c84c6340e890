import { hostPort, isPort } from '../address.ts';
import { Problem } from '../http/problem.ts';
import type { ProblemCode } from '../http/problems.ts';
import type { Logger } from '../log.ts';
import type { Entry, Registry } from '../registry/registry.ts';
import { RegistryUnavailable } from '../registry/registry.ts';
import { Unproven } from './pod-exchange.ts';
import type { PodIdentity } from './pod-proof.ts';

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

/** The pod that an entry names, with its address. */
export type Owner = PodIdentity;

/** Header of a forwarded request. A pod does not forward such a request again. */
export const hopHeader = 'Ws-Connect-Hop';

export type Owners = ReturnType<typeof createOwners>;

/** Finds the owners of devices that are not on this pod. */
export function createOwners({ registry, self, isPodAddress, log }: OwnersOptions) {
  return {
    /** One answer for each device, in the same order: its entry, undefined if it has none, or a problem if the registry did not answer. */
    async lookUp(deviceIds: readonly string[]): Promise<(Entry | Problem | undefined)[]> {
      const replies = await registry.lookup(deviceIds);
      return replies.map((reply) => {
        if (!(reply instanceof RegistryUnavailable)) return reply;
        log.debug({ err: reply }, 'lookup failed');
        return unavailable('registry-unavailable', 'the device is not on this pod, and the registry did not answer');
      });
    },

    /** The other pod that an entry names; undefined: none does. */
    otherPod: (entry: Entry | undefined): Entry | undefined => (entry && !isOf(self, entry) ? entry : undefined),

    /** The problem if this owner must not be asked, otherwise undefined. `wasForwarded`: another pod has already forwarded the request. */
    objection({ serverIp, port }: Owner, wasForwarded: boolean): Problem | undefined {
      if (wasForwarded) {
        const detail =
          'the device is on another pod, and this request was already forwarded once; look the device up and retry';
        return new Problem({ code: 'moved', detail });
      }
      if (isPodAddress(serverIp) && isPort(port)) return undefined;
      log.warn({ serverIp, port }, 'an entry names an address outside POD_CIDRS, or an invalid port');
      return unavailable('owner-unreachable', 'the entry of the device names an address that is not allowed for pods');
    },

    /** Logs that the owner did not answer or has no proof. Returns the problem, which is not a 401: the client's token is not the cause. */
    unanswered({ serverIp, port, podId }: Owner, cause: unknown): Problem {
      log.warn({ err: cause, owner: hostPort(serverIp, port), ownerPodId: podId }, whyUnanswered(cause));
      return unavailable('owner-unreachable', 'the pod that owns the device did not answer');
    },
  };
}

/** True if the entry names this pod, or a pod that had the same address before. */
export function isOf(self: Self, { podId, serverIp, port }: Entry): boolean {
  return podId === self.podId || (serverIp === self.serverIp && port === self.port());
}

function whyUnanswered(cause: unknown): string {
  if (!(cause instanceof Unproven)) return 'the owner did not answer';
  return cause.status === 401
    ? 'the owner does not know the token of this pod: CALLBACK_TOKENS differ, or another program has the address of the owner'
    : 'another program answered at the address of the owner';
}

export function notConnected(): Problem {
  return new Problem({ code: 'not-connected', detail: 'the device is not connected to any pod' });
}

function unavailable(code: ProblemCode, detail: string): Problem {
  return new Problem({ code, detail, headers: { 'Retry-After': '1' } });
}
