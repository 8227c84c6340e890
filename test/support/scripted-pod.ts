import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { onTestFinished } from 'vitest';
import type { WebSocket } from 'ws';
import { WebSocketServer } from 'ws';
import { PodSide } from './pod-side.ts';

/** What happens to an upgrade: it is taken, refused with this status, or never answered. */
export type Admission = 'take' | 'ignore' | number;

/** The device side of a pod that does what the test says, also what no real pod does. Real sockets on 127.0.0.1. */
export class ScriptedPod {
  /** `ws://127.0.0.1:PORT/connect` */
  readonly url: string;
  admission: Admission = 'take';
  /** Upgrades so far, whatever became of them. */
  dials = 0;
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'ws-connect.v1' });
  readonly #arrived: PodSide[] = [];
  readonly #ignored: (() => void)[] = [];
  readonly #streams = new Set<Duplex>();
  #waiting: (() => void)[] = [];

  private constructor(server: Server) {
    this.#server = server;
    this.url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/connect`;
    server.on('upgrade', (request, stream, head) => this.#admit(request, stream, head));
  }

  /** One that ends with the test. */
  static async start(): Promise<ScriptedPod> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const pod = new ScriptedPod(server);
    onTestFinished(() => pod.#stop());
    return pod;
  }

  /** Its side of the next connection, which has no welcome yet. */
  async next(): Promise<PodSide> {
    await this.#until(() => this.#arrived.length > 0);
    return this.#arrived.shift()!;
  }

  /** Its side of the next connection, with the welcome on its way. */
  async greeted(): Promise<PodSide> {
    const side = await this.next();
    side.welcome();
    return side;
  }

  /** Resolves once there were `count` upgrades. */
  async dialed(count: number): Promise<void> {
    await this.#until(() => this.dials >= count);
  }

  /** Answers the upgrades that were ignored, as a pod behind a slow network does. */
  answerIgnored(): void {
    for (const answer of this.#ignored.splice(0)) answer();
  }

  #admit(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    this.dials += 1;
    this.#streams.add(stream);
    stream.on('error', () => {}); // the device was faster
    const take = () => this.#sockets.handleUpgrade(request, stream, head, (socket) => this.#take(socket, request));
    if (this.admission === 'take') take();
    else if (this.admission === 'ignore') this.#ignored.push(take);
    else stream.end(`HTTP/1.1 ${this.admission} Refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
    this.#wake();
  }

  #take(socket: WebSocket, request: IncomingMessage): void {
    this.#arrived.push(new PodSide(socket, request));
    this.#wake();
  }

  async #until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  async #stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const stream of this.#streams) stream.destroy();
    await closed;
  }
}
