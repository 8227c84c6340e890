import { setImmediate } from 'node:timers/promises';
import { plain } from '../../src/connections/protocol/plain.ts';
import type { Accepted } from '../../src/connections/connections.ts';
import { startDeviceSide } from './device-side.ts';
import { RawClient } from './raw-client.ts';

export interface HeardMessage {
  data: Buffer;
  binary: boolean;
}

/** Cuts bytes into pieces of these sizes, again and again from the first size on. */
export function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces = [];
  for (let start = 0, turn = 0; start < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length]!;
    pieces.push(bytes.subarray(start, start + size));
    start += size;
  }
  return pieces;
}

/** A client's frame (RFC 6455 §5.2), masked. */
export function maskedFrame(opcode: number, payload: Buffer, fin = true): Buffer {
  const { length } = payload;
  const mask = Buffer.from([0x5a, 0x01, 0xff, 0x80]);
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head[0] = (fin ? 0x80 : 0) | opcode;
  head[1] = 0x80 | (length < 126 ? length : length < 65_536 ? 126 : 127);
  if (head.length === 4) head.writeUInt16BE(length, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
  const masked = Buffer.from(payload);
  for (let index = 0; index < length; index += 1) masked[index]! ^= mask[index % 4]!;
  return Buffer.concat([head, mask, masked]);
}

/** The frames of one message in fragments of these sizes (RFC 6455 §5.4). */
export function fragments(opcode: number, message: Buffer, sizes: readonly number[]): Buffer {
  const pieces = message.length === 0 ? [message] : cut(message, sizes);
  const frames = pieces.map((piece, index) =>
    maskedFrame(index === 0 ? opcode : 0, piece, index === pieces.length - 1),
  );
  return Buffer.concat(frames);
}

/** A device whose pod writes down every message that it hears. The pod's clock stands still. */
export async function connectHeard(maxPayloadBytes: number) {
  const heard: HeardMessage[] = [];
  let accepted: Accepted | undefined;
  const { address } = await startDeviceSide({
    maxPayloadBytes,
    accepted(one) {
      accepted = one;
      one.socket.speaks = {
        ...plain,
        hear(data, binary) {
          heard.push({ data: Buffer.from(data), binary });
          return { type: 'message' };
        },
      };
    },
  });
  const client = await RawClient.device(address, 'lamp-1');
  client.socket.setNoDelay();
  const { socket, stream } = accepted!;
  const received = () => (stream as typeof stream & { bytesRead: number }).bytesRead;
  return {
    client,
    heard,
    socket,
    /** Sends each piece once the pod has read the one before, so that each is a read of its own. */
    sendApart: async (pieces: readonly Buffer[]): Promise<void> => {
      let expected = received();
      for (const piece of pieces) {
        client.send(piece);
        expected += piece.length;
        while (received() < expected && !stream.destroyed) await setImmediate();
      }
    },
  };
}
