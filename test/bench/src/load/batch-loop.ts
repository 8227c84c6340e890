import type { Socket } from 'node:net';
import { connect } from 'node:net';
import type { ServerProcess } from '../server-process.ts';
import { until } from '../within.ts';
import type { ClosedLoop, Throughput } from './closed-loop.ts';
import { measured } from './closed-loop.ts';
import type { Fleet } from './fleet.ts';

/** Lines without a result at once, and in one write. */
const underWay = 2048;
const atOnce = 256;
const answersMs = 5000;
const result = Buffer.from('"status":200}\n');

/** One batch that goes on for as long as it is read: lines to all devices in turn, and more with every result. */
class EndlessBatch {
  readonly #socket: Socket;
  readonly #fleet: Fleet;
  #rest: Buffer = Buffer.alloc(0);
  #sent = 0;
  #stopped = false;
  /** Lines that have a result; only a 200 is one. */
  results = 0;

  constructor(port: number, fleet: Fleet) {
    this.#fleet = fleet;
    this.#socket = connect({ host: '127.0.0.1', port, noDelay: true });
    const head = 'POST /callback HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-ndjson\r\n';
    this.#socket.write(`${head}Transfer-Encoding: chunked\r\n\r\n`);
    this.#socket.on('data', (chunk: Buffer) => this.#read(chunk));
    this.#socket.on('close', () => {
      if (!this.#stopped) throw new Error('the batch was cut');
    });
    this.#sendMore();
  }

  /** Resolves once every line has its result. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await until(answersMs, 'the result of every line', () => this.results === this.#sent);
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    const data = Buffer.concat([this.#rest, chunk]);
    let from = 0;
    for (let at = data.indexOf(result); at !== -1; at = data.indexOf(result, from)) {
      this.results += 1;
      from = at + result.length;
    }
    this.#rest = data.subarray(Math.max(from, data.length - result.length + 1));
    if (!this.#stopped) this.#sendMore();
  }

  #sendMore(): void {
    const { ledger, devices } = this.#fleet;
    while (this.#sent - this.results <= underWay - atOnce) {
      const lines = Array.from({ length: atOnce }, () => ledger.line(ledger.posted % devices.length, 0));
      const bytes = lines.reduce((sum, line) => sum + line.length, 0);
      this.#socket.write(Buffer.concat([Buffer.from(`${bytes.toString(16)}\r\n`), ...lines, Buffer.from('\r\n')]));
      this.#sent += atOnce;
    }
  }
}

/** Measures deliveries through one batch after a warm-up. */
export async function batchLoop(server: ServerProcess, fleet: Fleet, times: ClosedLoop): Promise<Throughput> {
  const batch = new EndlessBatch(server.ports.callbackPort, fleet);
  const throughput = await measured(server, fleet, times);
  await batch.stop();
  await fleet.settled();
  return throughput;
}
