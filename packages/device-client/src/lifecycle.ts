import type { Backoff, Close } from './backoff.ts';
import { isFinal, superseded } from './backoff.ts';
import type { DeviceClientError } from './device-client-error.ts';
import type { DeviceFrame, Message, Welcome } from './frames.ts';
import type { LinkListener, LinkOptions } from './link.ts';
import { Link } from './link.ts';
import type { SurroundingsListener } from './surroundings.ts';

/**
 * `connected`: there is a connection, also while another is made to replace it. `connecting`: there is none, and an attempt is out.
 * `waiting`: for the next attempt. `offline`: the machine has no network; the attempt comes when it has. `stopped`: for good.
 */
export type State = 'connecting' | 'connected' | 'waiting' | 'offline' | 'stopped';

/**
 * What the client does about a new connection, whether it still has one or not:
 *
 *              goaway, slept, renew,
 *              the connection is lost                    due
 *     resting ----------------------> waiting ----------------------> dialing
 *        ^                              ^ | ^                           | | |
 *        |                              | | +------- it failed ---------+ | |
 *        |                       online | | offline                       | |
 *        |                              | v                               | |
 *        |                            offline <-------- offline ----------+ |
 *        +---------------------------- welcome -----------------------------+
 *
 * and from each of them to stopped: by close(), or by a close of the pod that forbids to return.
 */
type Attempt =
  | { at: 'resting' }
  | { at: 'waiting'; timer: unknown }
  | { at: 'dialing'; link: Link }
  | { at: 'offline' }
  | { at: 'stopped' };

export interface LifecycleListener {
  changed(state: State): void;
  connected(welcome: Welcome): void;
  received(link: Link, message: Message, wantsAck: boolean): void;
  /** There was a connection, and now there is none. */
  disconnected(close: Close, retryInMs: number | undefined): void;
  /** An attempt has led to nothing. */
  attemptFailed(close: Close, retryInMs: number): void;
  stopped(close: Close, by: 'app' | 'pod'): void;
  failed(error: DeviceClientError): void;
}

export interface LifecycleOptions extends LinkOptions {
  stableAfterMs: number;
  backoff: Backoff;
}

/** When the network is back all devices of the place come at once: each within this, ms. */
const onlineJitterMs = 500;
/** A dial that led to nothing here may have reached a pod, and be the newest connection of this device there, so much later, ms. */
const strayMs = 60_000;

/** Keeps a device connected: at most one connection that counts, at most one attempt at the next. */
export class Lifecycle implements LinkListener, SurroundingsListener {
  readonly #options: LifecycleOptions;
  readonly #listener: LifecycleListener;
  readonly #endListening: () => void;
  #attempt: Attempt = { at: 'resting' };
  /** The connection that counts. */
  #current: Link | undefined;
  /** All that are not over: the current one, the attempt, and retired ones. */
  readonly #links = new Set<Link>();
  /** When a dial was given up that a pod may know. */
  #strayedAt = -Infinity;
  /** The state the listener knows. */
  #told: State = 'connecting';

  constructor(options: LifecycleOptions, listener: LifecycleListener) {
    this.#options = options;
    this.#listener = listener;
    this.#endListening = options.surroundings.listen(this);
    this.#dial();
  }

  get state(): State {
    const { at } = this.#attempt;
    if (at === 'stopped') return at;
    if (this.#current) return 'connected';
    return at === 'waiting' || at === 'offline' ? at : 'connecting';
  }

  send(frame: DeviceFrame): boolean {
    return this.#current?.send(frame) === true;
  }

  renew(): void {
    const { at } = this.#attempt;
    if (at === 'resting' || at === 'waiting') this.#dial();
  }

  stop(close: Close, by: 'app' | 'pod'): void {
    if (this.#attempt.at === 'stopped') return;
    const had = this.#current;
    this.#current = undefined;
    this.#enter({ at: 'stopped' });
    this.#endListening();
    for (const link of this.#links) link.close(close.reason);
    if (had) this.#listener.disconnected(close, undefined);
    this.#listener.stopped(close, by);
  }

  online(): void {
    const { at } = this.#attempt;
    if (at === 'offline' || at === 'waiting') this.#wait(this.#options.surroundings.random() * onlineJitterMs);
  }

  offline(): void {
    this.#enter({ at: 'offline' });
  }

  visible(): void {
    if (this.#current) this.#current.check();
    else if (this.#attempt.at === 'waiting') this.#dial();
  }

  welcomed(link: Link, welcome: Welcome): void {
    this.#current?.retire();
    this.#current = link;
    this.#enter({ at: 'resting' });
    this.#listener.connected(welcome);
  }

  received(link: Link, message: Message, wantsAck: boolean): void {
    if (this.#attempt.at !== 'stopped') this.#listener.received(link, message, wantsAck);
  }

  toldToGo(link: Link, reconnectAfterMs: number): void {
    if (link !== this.#current || this.#attempt.at !== 'resting') return;
    this.#settle(link);
    this.#wait(reconnectAfterMs);
  }

  slept(link: Link): void {
    this.toldToGo(link, 0); // dead or alive, a new connection beside it does no harm
  }

  failed(error: DeviceClientError): void {
    this.#listener.failed(error);
  }

  ended(link: Link, close: Close, isStray: boolean): void {
    this.#links.delete(link);
    if (isStray && !isFinal(close)) this.#strayedAt = this.#now();
    if (this.#attempt.at === 'stopped') return;
    if (link === this.#current) this.#lost(link, close);
    else if (this.#attempt.at === 'dialing' && link === this.#attempt.link) this.#attemptFailed(close);
  }

  #lost(link: Link, close: Close): void {
    if (this.#isForbidden(close)) return this.stop(close, 'pod');
    this.#settle(link);
    this.#current = undefined;
    const retryInMs = this.#attempt.at === 'resting' ? this.#options.backoff.after(close) : undefined;
    if (retryInMs === undefined) this.#enter(this.#attempt);
    else this.#wait(retryInMs);
    this.#listener.disconnected(close, retryInMs);
  }

  #attemptFailed(close: Close): void {
    if (this.#isForbidden(close)) return this.stop(close, 'pod');
    const retryInMs = this.#options.backoff.after(close);
    this.#wait(retryInMs);
    this.#listener.attemptFailed(close, retryInMs);
  }

  /** A 4509 does not count when the newer connection is, or may be, our own. */
  #isForbidden(close: Close): boolean {
    if (close.code !== superseded) return isFinal(close);
    const isOurs = this.#attempt.at === 'dialing' && this.#attempt.link.isDialing;
    return !isOurs && this.#now() - this.#strayedAt >= strayMs;
  }

  /** A connection that lasted makes up for the failures before it. */
  #settle(link: Link): void {
    const { backoff, stableAfterMs } = this.#options;
    if (this.#now() - link.upSince >= stableAfterMs) backoff.reset();
  }

  #wait(ms: number): void {
    this.#enter({ at: 'waiting', timer: this.#options.surroundings.setTimeout(() => this.#dial(), ms) });
  }

  #dial(): void {
    if (!this.#options.surroundings.isOnline()) return this.#enter({ at: 'offline' });
    const link = new Link(this.#options, this);
    this.#links.add(link);
    this.#enter({ at: 'dialing', link });
  }

  /** Leaves the attempt there was: its timer, or its dial unless that has become the connection. */
  #enter(attempt: Attempt): void {
    const left = this.#attempt;
    this.#attempt = attempt;
    if (left !== attempt && left.at === 'waiting') this.#options.surroundings.clearTimeout(left.timer);
    if (left !== attempt && left.at === 'dialing' && left.link !== this.#current) left.link.close('given up');
    if (this.state === this.#told) return;
    this.#told = this.state;
    this.#listener.changed(this.#told);
  }

  #now(): number {
    return this.#options.surroundings.now();
  }
}
