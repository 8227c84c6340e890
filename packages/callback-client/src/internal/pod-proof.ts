/**
 * How pods and services know each other, although an address from the registry may belong to another program by now.
 *
 * A pod that has died leaves entries in the registry until their leases end, and its address may be given to somebody else meanwhile.
 * So the token itself is never sent to such an address. Two values are derived from it for the one pod that is meant: the asker shows the
 * hop token, and the pod shows its proof. Both are worth nothing anywhere else. docs/security.md has the reasons.
 */
import { createHmac } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { hostPort } from './address.ts';
import type { Entry } from './entry.ts';

/** A pod at one address. A podId alone is not enough: a pod of Kubernetes keeps its UID when a restarted node gives it another address. */
export type PodIdentity = Pick<Entry, 'podId' | 'serverIp' | 'port'>;

/** The header in which a pod shows its proof. */
export const proofHeader = 'Ws-Connect-Proof';

/** What is shown to this pod instead of the token: 43 characters of base64url (RFC 4648 §5). */
export function hopToken(token: string, pod: PodIdentity): string {
  return derive(token, 'ws-connect-hop-v1', pod);
}

/** What this pod shows to whoever has shown the token, or the hop token that was derived from it. The same length. */
export function proofOf(token: string, pod: PodIdentity): string {
  return derive(token, 'ws-connect-proof-v1', pod);
}

/** HMAC-SHA256 (RFC 2104), which does not give its key away. The name says what it is for, so that neither serves as the other. */
function derive(token: string, name: string, { podId, serverIp, port }: PodIdentity): string {
  return createHmac('sha256', token)
    .update(`${name}:${podId}@${hostPort(serverIp, port)}`)
    .digest('base64url');
}

/** How one pod is asked. */
export interface PodCredentials {
  /** The value of the `Authorization` header. Undefined: there is no token. */
  authorization: string | undefined;
  /** An answer has to carry one of these in `Ws-Connect-Proof`. */
  proofs: readonly string[];
}

/** Pods remembered at once: more than a fleet has. A pod that was forgotten costs two hashes, about 10 µs. */
const maxKnownPods = 1000;

/** The credentials for each pod. They are worked out once, because they stay the same as long as the pod does. */
export class CredentialStore {
  readonly #acceptsPodId: boolean;
  readonly #known = new LRUCache<string, PodCredentials>({ max: maxKnownPods });

  /** `acceptsPodId`: a pod that has no token may show its podId, also to one that has a token. */
  constructor(acceptsPodId = false) {
    this.#acceptsPodId = acceptsPodId;
  }

  for(pod: PodIdentity, token: string | undefined): PodCredentials {
    if (token === undefined) return { authorization: undefined, proofs: [pod.podId] };
    const key = `${token}\0${pod.podId}\0${hostPort(pod.serverIp, pod.port)}`;
    let credentials = this.#known.get(key);
    if (!credentials) {
      const proofs = [proofOf(token, pod), ...(this.#acceptsPodId ? [pod.podId] : [])];
      credentials = { authorization: `Bearer ${hopToken(token, pod)}`, proofs };
      this.#known.set(key, credentials);
    }
    return credentials;
  }
}
