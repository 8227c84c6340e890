import type { Random } from '../../faults/random.ts';
import type { Input } from '../fuzz-case.ts';
import { choose, delivery, integer, randomBytes } from './bytes.ts';

/** The beginning of what other protocols say. */
const strangers = [
  Buffer.from('1603010200010001fc0303', 'hex'), // a TLS ClientHello
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  Buffer.from('SSH-2.0-OpenSSH_9.2p1\r\n'),
  Buffer.from('*1\r\n$4\r\nPING\r\n'),
  Buffer.from('PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n'),
  Buffer.from('EHLO pod\r\n'),
  Buffer.from('{"type":"ack","id":"m-1"}\n'),
  Buffer.from('101000044d5154540402003c0000', 'hex'), // MQTT CONNECT
  Buffer.alloc(0),
];

/** Bytes that are no HTTP at all. */
export function rawCase(random: Random): Input {
  const noise = randomBytes(random, choose(random, [0, 1, 16, 300, 20_000]));
  const bytes = random.chance(0.5) ? Buffer.concat([choose(random, strangers), noise]) : noise;
  const target = (['device', 'callback', 'admin'] as const)[integer(random, 0, 2)]!;
  return { target, kind: 'raw', steps: delivery(random, bytes) };
}
