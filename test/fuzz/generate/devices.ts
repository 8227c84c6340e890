/** Devices that are not as they should be: handshakes, and frames after a handshake. */
import type { Random } from '../../faults/random.ts';
import { handshake } from '../../support/raw-client.ts';
import { clientFrame, closePayload, opcodes } from '../../support/rfc6455/frames.ts';
import type { Input, Step } from '../fuzz-case.ts';
import { choose, delivery, integer, mutated, oddStrings, randomBytes } from './bytes.ts';
import { deviceToken, oddToken } from './tokens.ts';

const subprotocols = [
  undefined,
  undefined,
  'ws-connect.plain',
  'ws-connect.v1',
  'ws-connect.v1',
  'mqtt, ws-connect.v1',
];
/** So few that devices take over from each other now and then. */
const devices = 40;

function deviceIdOf(number: number): string {
  return `fuzz-${number % devices}`;
}

/** A good handshake, and then frames of which some are wrong. */
export function deviceCase(random: Random, number: number): Input {
  const deviceId = deviceIdOf(number);
  const good = handshake(`/connect?deviceId=${deviceId}`, {
    'Sec-WebSocket-Protocol': choose(random, subprotocols),
    Authorization: `Bearer ${deviceToken(deviceId)}`,
  });
  const frames = Array.from({ length: choose(random, [1, 2, 5, 20, 100]) }, () => frame(random));
  const bytes = random.chance(0.2) ? mutated(random, Buffer.concat(frames)) : Buffer.concat(frames);
  const steps: Step[] = [{ send: Buffer.from(good) }, { waitMs: choose(random, [0, 0, 5]) }];
  return { target: 'device', kind: 'frames', steps: [...steps, ...delivery(random, bytes)] };
}

function frame(random: Random): Buffer {
  const opcode = random.chance(0.95) ? choose(random, Object.values(opcodes)) : integer(random, 0, 15);
  if (opcode === opcodes.close && random.chance(0.8)) return frame(random); // or hardly anything would come after it
  return clientFrame({
    opcode,
    payload: payload(random, opcode),
    fin: opcode >= 8 ? random.chance(0.98) : random.chance(0.7),
    rsv: random.chance(0.02) ? integer(random, 1, 7) : 0,
    key: random.chance(0.02) ? null : randomBytes(random, 4),
    ...(random.chance(0.03) && { lengthForm: 8 as const }),
    ...(random.chance(0.02) && { saidLength: lie(random), lengthForm: 8 as const }),
  });
}

/** A length that is not that of the payload. */
function lie(random: Random): bigint {
  return choose(random, [0n, 1n, 125n, 65_535n, 65_537n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]);
}

const said = [
  '{"type":"ack","id":"m-1"}',
  '{"type":"ack","id":7}',
  '{"type":"ack"}',
  '{"type":"message","data":"hello"}',
  '{"type":"message","data":null}',
  '{"type":"message"}',
  '{"type":"__proto__","id":"m-1"}',
  '{"__proto__":{"type":"ack","id":"m-1"}}',
  '[]',
  'null',
  '"text"',
  '{',
  '['.repeat(5000),
  'κόσμε',
  'ping',
];

function payload(random: Random, opcode: number): Buffer {
  if (opcode === opcodes.close) return closePayload(choose(random, [1000, 1001, 1005, 4000, 5000, 0]), 'bye');
  if (opcode > 8) return randomBytes(random, choose(random, [0, 4, 125, 126]));
  if (random.chance(0.6)) return Buffer.from(choose(random, said));
  return randomBytes(random, choose(random, [0, 1, 125, 126, 1000, 65_536, 65_537]));
}

/** A handshake of which something is not as it should be. */
export function handshakeCase(random: Random, number: number): Input {
  const deviceId = random.chance(0.7) ? deviceIdOf(number) : choose(random, oddStrings);
  const oddities: Record<string, (string | undefined)[]> = {
    Host: [undefined, '', 'pod, pod', 'x'.repeat(300)],
    Upgrade: [undefined, 'h2c', 'websocket, websocket', 'WEBSOCKET'],
    Connection: [undefined, 'close', 'keep-alive, Upgrade', ', ,Upgrade,'],
    'Sec-WebSocket-Key': [undefined, 'short', 'x'.repeat(10_000)],
    'Sec-WebSocket-Version': [undefined, '8', '13, 8', '-1'],
    'Sec-WebSocket-Protocol': [',', 'a,,b', 'x'.repeat(2000), 'ws-connect.v1', `bearer.${oddToken(random)}`],
    'Sec-WebSocket-Extensions': ['permessage-deflate', ';;;'],
    Origin: ['null', 'file://', 'https://elsewhere.example', 'http://['],
    Authorization: ['Bearer', 'Basic eDp5', `Bearer ${oddToken(random)}`, undefined],
    'X-Forwarded-For': ['1.2.3.4', '::', ', , ,', 'x'.repeat(1000)],
    'Content-Length': ['5', '-1', '99999999999999999999'],
    'Transfer-Encoding': ['chunked', 'gzip'],
  };
  const headers: Record<string, string | undefined> = { Authorization: `Bearer ${deviceToken(deviceIdOf(number))}` };
  for (const [name, values] of Object.entries(oddities))
    if (random.chance(0.15)) headers[name] = choose(random, values);
  const path = choose(random, [
    '/connect',
    '/connect',
    '/connect',
    '/',
    '/connect/',
    'http://pod/connect',
    '*',
    'http://[',
  ]);
  const query = choose(random, [
    `?deviceId=${deviceId}`,
    `?deviceId=${deviceId}&deviceId=b`,
    '',
    '?',
    `?a=b&deviceId=${deviceId}`,
  ]);
  const method = choose(random, ['GET', 'GET', 'GET', 'POST', 'HEAD', 'CONNECT', 'get']);
  const text = handshake(path + query, headers).replace(/^GET/, method);
  const bytes = Buffer.concat([Buffer.from(text), clientFrame({ opcode: opcodes.text, payload: 'eager' })]);
  const sent = random.chance(0.4) ? mutated(random, bytes) : bytes;
  return { target: 'device', kind: 'handshake', steps: delivery(random, sent) };
}
