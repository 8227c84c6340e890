import type { ConnectionEffects, ConnectionInput } from '../../machines/connection.ts';
import type { ConnectionActor, SupervisedConnection } from '../../machines/connections.ts';
import type { Disconnect } from '../../machines/disconnect.ts';
import { closedByPeer, kicked } from '../../machines/disconnect.ts';

/** Writes down what a connection's life asks for and answers nothing by itself: the test sends the answers. */
export class ConnectionRecorder implements SupervisedConnection {
  readonly traceId: string;
  actor: ConnectionActor | undefined;
  /** In order: `register`, `closeSocket restarting`, … */
  readonly calls: string[] = [];
  readonly crashes: unknown[] = [];
  /** This effect throws `failure`. */
  failsAt: keyof ConnectionEffects | undefined;
  failure: unknown = new Error('an effect threw');

  constructor(traceId = 'trace-1') {
    this.traceId = traceId;
  }

  /** What a connection with these effects is made from. */
  get input(): ConnectionInput {
    return { effects: this };
  }

  register(): void {
    this.#note('register');
  }

  welcome(registered: boolean): void {
    this.#note('welcome', registered ? 'registered' : 'unregistered');
  }

  askToLeave(disconnect: Disconnect): void {
    this.#note('askToLeave', disconnect.reason);
  }

  unregister(): void {
    this.#note('unregister');
  }

  settleAcks(): void {
    this.#note('settleAcks');
  }

  closeSocket(disconnect: Disconnect): void {
    this.#note('closeSocket', disconnect.reason);
  }

  terminateSocket(): void {
    this.#note('terminateSocket');
  }

  ended(disconnect: Disconnect): void {
    this.#note('ended', disconnect.reason);
  }

  crashed(error: unknown): void {
    this.crashes.push(error);
    this.#note('crashed');
  }

  /** Plays what is left of the life of an open connection. */
  end(): void {
    this.actor!.send({ type: 'close', disconnect: kicked });
    this.actor!.send({ type: 'registry.unregistered' });
    this.actor!.send({ type: 'socket.closed', disconnect: closedByPeer(1000) });
  }

  /** Fails in the next effect of an open connection. */
  crash(): void {
    this.failsAt = 'unregister';
    this.actor!.send({ type: 'close', disconnect: kicked });
  }

  #note(effect: keyof ConnectionEffects, how?: string): void {
    this.calls.push(how === undefined ? effect : `${effect} ${how}`);
    if (this.failsAt === effect) throw this.failure;
  }
}
