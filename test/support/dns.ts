import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Endpoint } from '../../src/rehearse/balancer.ts';

/** RFC 1035 §3.2.2 and RFC 2782. */
const types = { a: 1, srv: 33 } as const;
const internet = 1;
const ttl = 0;
const isAnswer = 0x8400; // authoritative, and no error

/** The DNS of a cluster, the little of it that a headless Service needs: SRV records of its endpoints, with their addresses. */
export class ServiceDns {
  readonly endpoints = new Set<Endpoint>();
  readonly #socket: Socket = createSocket('udp4');

  static async start(): Promise<ServiceDns> {
    const dns = new ServiceDns();
    dns.#socket.on('message', (query, { address, port }) => {
      const answer = dns.#answer(query);
      if (answer) dns.#socket.send(answer, port, address);
    });
    dns.#socket.bind(0, '127.0.0.1');
    await once(dns.#socket, 'listening');
    return dns;
  }

  get port(): number {
    return this.#socket.address().port;
  }

  close(): void {
    this.#socket.close();
  }

  #answer(query: Buffer): Buffer | undefined {
    const nameEnd = query.indexOf(0, 12) + 1;
    const type = query.readUInt16BE(nameEnd);
    if (type !== types.srv) return undefined; // nobody asks: the addresses come with the SRV records
    const question = query.subarray(12, nameEnd + 4);
    const owner = query.subarray(12, nameEnd);
    const records = [...this.endpoints].map(({ host, port }) => ({ host, port, target: encodeName(`p${port}.pods`) }));
    const head = Buffer.alloc(12);
    for (const [index, value] of [query.readUInt16BE(0), isAnswer, 1, records.length, 0, records.length].entries()) {
      head.writeUInt16BE(value, 2 * index);
    }
    const services = records.map(({ port, target }) =>
      record(owner, types.srv, Buffer.concat([numbers(0, 1, port), target])),
    );
    const addresses = records.map(({ host, target }) =>
      record(target, types.a, Buffer.from(host.split('.').map(Number))),
    );
    return Buffer.concat([head, question, ...services, ...addresses]);
  }
}

function record(name: Buffer, type: number, content: Buffer): Buffer {
  return Buffer.concat([name, numbers(type, internet, 0, ttl, content.length), content]);
}

/** 16 bits each. */
function numbers(...values: number[]): Buffer {
  const bytes = Buffer.alloc(2 * values.length);
  for (const [index, value] of values.entries()) bytes.writeUInt16BE(value, 2 * index);
  return bytes;
}

function encodeName(name: string): Buffer {
  const labels = name.split('.').map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`, 'latin1'));
  return Buffer.concat([...labels, Buffer.alloc(1)]);
}
