import { setImmediate } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { SimulatedClock } from 'xstate';
import { DeviceClient } from '@ws-connect/device-client';
import type {
  DeviceClientEvents,
  DeviceClientOptions,
  WebSocketConstructor,
  WebSocketLike,
} from '@ws-connect/device-client';
import type { Surroundings } from '../../packages/device-client/src/surroundings.ts';
import { surroundings as realSurroundings } from '../../packages/device-client/src/surroundings.ts';

type EventName = keyof DeviceClientEvents;

const eventNames: EventName[] = ['state', 'connected', 'disconnected', 'failed', 'stopped', 'error'];

/** A device client that writes down what it tells, and is closed with the test. Nobody listens for its messages yet. */
export class RecordedClient {
  readonly client: DeviceClient;
  readonly #events: { [Name in EventName]: DeviceClientEvents[Name][] } = {
    state: [],
    connected: [],
    message: [],
    disconnected: [],
    failed: [],
    stopped: [],
    error: [],
  };
  #waiting: (() => void)[] = [];

  constructor(options: DeviceClientOptions, surroundings?: Surroundings) {
    this.client = new DeviceClient({ WebSocket, ...options }, surroundings);
    onTestFinished(() => this.client.close());
    for (const name of eventNames) this.#record(name);
  }

  /** Takes messages, and writes them down. */
  takeMessages(): this {
    this.#record('message');
    return this;
  }

  /** The data of the messages so far. */
  get data(): unknown[] {
    return this.#events.message.map(({ data }) => data);
  }

  /** All events of this name so far. */
  told<Name extends EventName>(name: Name): DeviceClientEvents[Name][] {
    return this.#events[name];
  }

  /** Resolves with the `count`th event of this name, also one of the past. */
  async heard<Name extends EventName>(name: Name, count = 1): Promise<DeviceClientEvents[Name]> {
    const events: DeviceClientEvents[Name][] = this.#events[name];
    while (events.length < count) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return events[count - 1]!;
  }

  #record(name: EventName): void {
    const events: unknown[] = this.#events[name];
    this.client.on(name, (event) => {
      events.push(event);
      for (const wake of this.#waiting.splice(0)) wake();
    });
  }
}

export interface Simulation {
  clock: SimulatedClock;
  surroundings: Surroundings;
  /** The machine sleeps so long, ms: the time goes on, and no timer comes. */
  sleep: (ms: number) => void;
}

/** Real sockets, but time passes only when told, and chance is always `chance`. */
export function simulate(chance = 0.5): Simulation {
  const clock = new SimulatedClock();
  let sleptMs = 0;
  const surroundings: Surroundings = {
    ...realSurroundings,
    now: () => clock.now(),
    wallTime: () => clock.now() + sleptMs,
    setTimeout: (run, ms) => clock.setTimeout(run, ms),
    clearTimeout: (timer) => clock.clearTimeout(timer as number),
    random: () => chance,
  };
  const sleep = (ms: number) => {
    sleptMs += ms;
  };
  return { clock, surroundings, sleep };
}

/** Resolves once a dial that is due by now, if there is one, is out. */
export async function dialsAreOut(): Promise<void> {
  await setImmediate(); // between its timer and its WebSocket are only promises
}

/** A client of this URL as device lamp-1. */
export function runClient(
  url: string,
  options: Partial<DeviceClientOptions> = {},
  surroundings?: Surroundings,
): RecordedClient {
  return new RecordedClient({ url, deviceId: 'lamp-1', ...options }, surroundings);
}

/** A constructor that writes down the sockets it makes; the client has them as `wrap` shows them. */
export function recordSockets(wrap: (socket: WebSocket) => WebSocketLike = (socket) => socket) {
  const sockets: WebSocket[] = [];
  function Recorded(url: string, protocols: string[]) {
    const socket = new WebSocket(url, protocols);
    sockets.push(socket);
    return wrap(socket);
  }
  return { sockets, WebSocket: Recorded as unknown as WebSocketConstructor };
}
