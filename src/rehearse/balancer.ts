import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { once } from 'node:events';
import { hostPort } from '@ws-connect/callback-client/internal/address';

export interface Endpoint {
  host: string;
  port: number;
}

/** What stands between devices and pods. */
export interface Balancer {
  /** `HOST:PORT` for devices. */
  address: string;
  /** Resolves once it may get connections. */
  add(endpoint: Endpoint): Promise<void>;
  /** It gets no new connections; those it has stay. */
  remove(endpoint: Endpoint): void;
  close(): Promise<void>;
}

export type Balance = 'round-robin' | 'least-connections';

interface Target extends Endpoint {
  connections: number;
}

const connectTimeoutMs = 1000;

/** A balancer of TCP connections in this process: what a Service of Kubernetes does, with a choice of whom to pick. */
export class TcpBalancer implements Balancer {
  readonly #server: Server;
  readonly #balance: Balance;
  /** Those for new connections; the front one is next in turn. */
  readonly #targets: Target[] = [];
  readonly #sockets = new Set<Socket>();

  private constructor(balance: Balance) {
    this.#balance = balance;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#serve(client));
  }

  static async open(balance: Balance): Promise<TcpBalancer> {
    const balancer = new TcpBalancer(balance);
    balancer.#server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 });
    await once(balancer.#server, 'listening');
    return balancer;
  }

  get address(): string {
    const { address, port } = this.#server.address() as AddressInfo;
    return hostPort(address, port);
  }

  add({ host, port }: Endpoint): Promise<void> {
    this.#targets.push({ host, port, connections: 0 });
    return Promise.resolve();
  }

  remove({ host, port }: Endpoint): void {
    const index = this.#targets.findIndex((target) => target.host === host && target.port === port);
    if (index >= 0) this.#targets.splice(index, 1);
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #serve(client: Socket): void {
    this.#own(client);
    this.#connect(client, this.#targets.length);
  }

  /** Tries one target after the other. A client that nobody takes is cut, so that it tries again. */
  #connect(client: Socket, triesLeft: number): void {
    const target = this.#next();
    if (!target || triesLeft === 0 || client.destroyed) return void client.destroy();
    const upstream = connect({ host: target.host, port: target.port, allowHalfOpen: true, noDelay: true });
    this.#own(upstream);
    target.connections += 1;
    upstream.once('close', () => (target.connections -= 1));
    const failed = () => this.#connect(client, triesLeft - 1);
    const timer = setTimeout(() => upstream.destroy(), connectTimeoutMs);
    upstream.once('close', () => clearTimeout(timer)).once('close', failed);
    upstream.once('connect', () => {
      clearTimeout(timer);
      upstream.off('close', failed);
      if (client.destroyed) upstream.destroy();
      else join(client, upstream);
    });
  }

  #next(): Target | undefined {
    if (this.#balance === 'least-connections') this.#targets.sort((a, b) => a.connections - b.connections);
    const target = this.#targets.shift();
    if (target) this.#targets.push(target);
    return target;
  }

  #own(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {}); // the close that follows is what counts
    socket.once('close', () => this.#sockets.delete(socket));
  }
}

/** Passes on bytes, the end of them, and a break, both ways. */
function join(client: Socket, upstream: Socket): void {
  for (const [from, to] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    from.pipe(to);
    from.once('close', (hadError) => {
      if (hadError || !from.readableEnded) to.destroy();
    });
  }
}
