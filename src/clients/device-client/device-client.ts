import type { Close } from './backoff.ts';
import { Backoff } from './backoff.ts';
import { DeviceClientError } from './device-client-error.ts';
import { Emitter } from './emitter.ts';
import type { Message, Welcome } from './frames.ts';
import { Inbox } from './inbox.ts';
import type { State } from './lifecycle.ts';
import { Lifecycle } from './lifecycle.ts';
import type { DeviceClientOptions } from './options.ts';
import { readOptions } from './options.ts';
import { logError, surroundings as realSurroundings } from './surroundings.ts';

export { DeviceClientError } from './device-client-error.ts';
export type { DeviceClientErrorCode } from './device-client-error.ts';
export type { DeviceClientOptions } from './options.ts';
export type { Close, Message, State, Welcome };
export type { WebSocketConstructor, WebSocketEventLike, WebSocketLike } from './web-socket.ts';

/** What listeners hear, by the name of the event. */
export interface DeviceClientEvents {
  /** Every change of `client.state`. */
  state: State;
  /** A connection is there; also one that has replaced another without a gap, before which nothing was `disconnected`. */
  connected: Welcome;
  /**
   * A message of a service, once each. Where the service asked for an acknowledgement it gets it as soon as every listener has
   * returned, or the promise it returned is fulfilled; if one throws or rejects it gets none, and `error` has the reason.
   */
  message: Message;
  /** There is no connection any more. `retryInMs` undefined: the next attempt is out already, waits for the network, or never comes. */
  disconnected: Close & { readonly retryInMs: number | undefined };
  /** An attempt has led to no connection. Code 1006 for whatever was no close frame, a refusal by HTTP included. */
  failed: Close & { readonly retryInMs: number };
  /** For good: by `close()`, or because the pod forbids to come back (4500-4999). */
  stopped: Close & { readonly by: 'app' | 'pod' };
  /** What the client goes on after, see `DeviceClientErrorCode`. Without a listener it goes to `console.error`. */
  error: DeviceClientError;
}

type Listener<Event> = (event: Event) => unknown;

/** A device that connects at once, and stays connected until it is closed or told not to come back. */
export class DeviceClient {
  readonly #emitter = new Emitter<DeviceClientEvents>();
  readonly #inbox = new Inbox((message) => this.#handle(message));
  readonly #lifecycle: Lifecycle;

  /** Throws a `DeviceClientError` when an option cannot be. `surroundings` is for tests. */
  constructor(options: DeviceClientOptions, surroundings = realSurroundings) {
    const { backoffBaseMs, backoffMaxMs, ...rest } = readOptions(options);
    const backoff = new Backoff({ baseMs: backoffBaseMs, maxMs: backoffMaxMs }, () => surroundings.random());
    this.#lifecycle = new Lifecycle(
      { ...rest, backoff, surroundings },
      {
        changed: (state) => this.#tell('state', state),
        connected: (welcome) => this.#tell('connected', welcome),
        received: (link, message, wantsAck) => this.#inbox.receive(link, message, wantsAck),
        disconnected: (close, retryInMs) => this.#tell('disconnected', { ...close, retryInMs }),
        attemptFailed: (close, retryInMs) => this.#tell('failed', { ...close, retryInMs }),
        stopped: (close, by) => this.#tell('stopped', { ...close, by }),
        failed: (error) => this.#report(error),
      },
    );
  }

  get state(): State {
    return this.#lifecycle.state;
  }

  /** Listens; returns what ends it. Listeners are called after what happened is over, in the order they came. */
  on<Type extends keyof DeviceClientEvents>(type: Type, listener: Listener<DeviceClientEvents[Type]>): () => void {
    return this.#emitter.on(type, listener);
  }

  /**
   * Sends a message of the application. True: it was handed to the connection, which may still be lost with it. False: there is
   * none, and the message is not kept: nothing is queued here, as only the app knows what is worth sending late.
   */
  send(data: string): boolean {
    return this.#lifecycle.send({ type: 'message', data });
  }

  /**
   * Replaces the connection by a new one, without a gap: for a token that ends soon, or when you know the network has changed.
   * While it waits for the next attempt it makes it now; in other states nothing happens.
   */
  renew(): void {
    this.#lifecycle.renew();
  }

  /** Closes it for good. No message comes any more; those being handled are not acknowledged. */
  close(): void {
    this.#lifecycle.stop({ code: 1000, reason: 'closed by the app' }, 'app');
  }

  async #handle(message: Message): Promise<boolean> {
    try {
      const answers = this.#emitter.emit('message', message);
      if (answers.length === 0) throw new Error('there is no listener for messages');
      await Promise.all(answers);
      return true;
    } catch (cause) {
      this.#report(
        new DeviceClientError('handler-failed', `a listener of message ${message.id} failed: ${String(cause)}`, cause),
      );
      return false;
    }
  }

  #tell<Type extends keyof DeviceClientEvents>(type: Type, event: DeviceClientEvents[Type]): void {
    for (const answer of this.#emitter.emit(type, event)) {
      answer.catch((cause: unknown) => {
        this.#report(new DeviceClientError('listener-failed', `a listener of ${type} failed: ${String(cause)}`, cause));
      });
    }
  }

  #report(problem: DeviceClientError): void {
    const answers = this.#emitter.emit('error', problem);
    if (answers.length === 0) logError(problem);
    for (const answer of answers) answer.catch(logError);
  }
}
