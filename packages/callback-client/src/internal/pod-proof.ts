/**
 * How pods and services prove who they are, although another program can have an address from the registry.
 *
 * The entries of a dead pod stay in the registry until their leases end, and another program can get its address in the meantime. So the
 * token itself is never sent to such an address. Two values are derived from the token for one pod: the client shows the hop token, and
 * the pod shows its proof. Both have no use anywhere else. docs/security.md has the reasons.
 */
import { createHmac } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { hostPort } from './address.ts';
import type { Entry } from './entry.ts';

/** A pod at one address. The podId is not enough: a Kubernetes pod keeps its UID when a restarted node gives it another address. */
export type PodIdentity = Pick<Entry, 'podId' | 'serverIp' | 'port'>;

/** Header of the answer with the proof of the pod. */
export const proofHeader = 'Ws-Connect-Proof';

/** The value that a client shows to this pod instead of the token: 43 characters of base64url (RFC 4648 §5). */
export function hopToken(token: string, pod: PodIdentity): string {
  return derive(token, 'ws-connect-hop-v1', pod);
}

/** The value that this pod shows to a client that knows the token, or its hop token. It has the same length. */
export function proofOf(token: string, pod: PodIdentity): string {
  return derive(token, 'ws-connect-proof-v1', pod);
}

/** HMAC-SHA256 (RFC 2104) with the token as key, which the result does not reveal. Different names keep the two values apart. */
function derive(token: string, name: string, { podId, serverIp, port }: PodIdentity): string {
  return createHmac('sha256', token)
    .update(`${name}:${podId}@${hostPort(serverIp, port)}`)
    .digest('base64url');
}

/** Credentials for requests to one pod. */
export interface PodCredentials {
  /** Value of the `Authorization` header. Undefined if there is no token. */
  authorization: string | undefined;
  /** An answer must have one of these in `Ws-Connect-Proof`. */
  proofs: readonly string[];
}

/** Size of the cache, in pods. A pod that is not in it costs two hashes, about 10 µs. */
const maxKnownPods = 1000;

/** The credentials for each pod, computed once, because they never change for a pod. */
export class CredentialStore {
  readonly #acceptsPodId: boolean;
  readonly #known = new LRUCache<string, PodCredentials>({ max: maxKnownPods });

  /** `acceptsPodId`: accept the podId as a proof also from pods without a token. */
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
