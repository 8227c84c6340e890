/** RFC 6455 §5.2, the little a load generator needs of it. */
export const opcodes = { text: 1, close: 8, ping: 9, pong: 10 } as const;

const empty = Buffer.alloc(0);

/** One unfragmented frame of a client of at most 65,535 bytes. Masked by zeros, so the payload is as it was. */
export function clientFrame(opcode: number, payload: Buffer): Buffer {
  const short = payload.length < 126;
  const head = Buffer.alloc(short ? 6 : 8);
  head[0] = 0x80 | opcode;
  head[1] = 0x80 | (short ? payload.length : 126);
  if (!short) head.writeUInt16BE(payload.length, 2);
  return Buffer.concat([head, payload]);
}

/** Finds the frames in what a server sends. Throws at a fragmented one or one over 65,535 bytes, which the bench never causes. */
export class FrameReader {
  #rest: Buffer = empty;

  /** The payload is only good during the call of `onFrame`. */
  read(chunk: Buffer, onFrame: (opcode: number, payload: Buffer) => void): void {
    const data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (data.length - at >= 2) {
      const code = data[at + 1]!;
      if (data[at]! < 0x80 || code > 126) throw new Error('a fragmented, masked or huge frame');
      const headLength = code < 126 ? 2 : 4;
      if (data.length - at < headLength) break;
      const start = at + headLength;
      const end = start + (code < 126 ? code : data.readUInt16BE(at + 2));
      if (data.length < end) break;
      onFrame(data[at]! & 0x0f, data.subarray(start, end));
      at = end;
    }
    this.#rest = at === data.length ? empty : Buffer.from(data.subarray(at));
  }
}
