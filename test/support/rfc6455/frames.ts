/** The frames of RFC 6455 §5.2: built as a client sends them, right or wrong, and read as a server has sent them. */

export const opcodes = { continuation: 0x0, text: 0x1, binary: 0x2, close: 0x8, ping: 0x9, pong: 0xa } as const;

/** How many bytes say how long the payload is: 0 (within the second byte of the head), 2 or 8. */
export type LengthForm = 0 | 2 | 8;

export interface ClientFrame {
  opcode: number;
  /** Empty by default. */
  payload?: Buffer | string;
  /** Is this the last frame of its message? Yes by default. */
  fin?: boolean;
  /** The reserved bits: 4 is RSV1, 2 is RSV2, 1 is RSV3. None by default. */
  rsv?: number;
  /** Four bytes, zeros by default, so that the payload stays readable; null sends the frame unmasked, which no client may. */
  key?: Buffer | null;
  /** The shortest that holds the length by default. */
  lengthForm?: LengthForm;
  /** What the head says the length is; by default the truth. */
  saidLength?: bigint;
}

const zeros = Buffer.alloc(4);

/** One frame as a client sends it. */
export function clientFrame({
  opcode,
  payload = '',
  fin = true,
  rsv = 0,
  key = zeros,
  ...length
}: ClientFrame): Buffer {
  const data = Buffer.from(payload);
  const said = length.saidLength ?? BigInt(data.length);
  const first = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  const head = lengthBytes(said, length.lengthForm ?? shortestForm(said));
  if (!key) return Buffer.concat([Buffer.from([first]), head, data]);
  head[0]! |= 0x80;
  return Buffer.concat([Buffer.from([first]), head, key, masked(data, key)]);
}

/** Masks or unmasks (RFC 6455 §5.3). */
function masked(data: Buffer, key: Buffer): Buffer {
  const result = Buffer.from(data);
  for (let at = 0; at < result.length; at += 1) result[at]! ^= key[at % 4]!;
  return result;
}

function shortestForm(length: bigint): LengthForm {
  if (length < 126n) return 0;
  return length < 65_536n ? 2 : 8;
}

function lengthBytes(length: bigint, form: LengthForm): Buffer {
  if (form === 0) return Buffer.from([Number(length)]);
  const bytes = Buffer.alloc(1 + form);
  bytes[0] = form === 2 ? 126 : 127;
  if (form === 2) bytes.writeUInt16BE(Number(length), 1);
  else bytes.writeBigUInt64BE(length, 1);
  return bytes;
}

/** A message cut into as many frames as there are pieces. */
export function fragments(opcode: number, pieces: readonly (Buffer | string)[]): Buffer[] {
  return pieces.map((payload, index) =>
    clientFrame({ opcode: index === 0 ? opcode : opcodes.continuation, payload, fin: index === pieces.length - 1 }),
  );
}

/** The payload of a close frame (RFC 6455 §5.5.1). */
export function closePayload(code: number, reason: Buffer | string = ''): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(code);
  return Buffer.concat([bytes, Buffer.from(reason)]);
}

export function closeFrame(code: number, reason: Buffer | string = ''): Buffer {
  return clientFrame({ opcode: opcodes.close, payload: closePayload(code, reason) });
}

export interface ServerFrame {
  fin: boolean;
  /** As in `ClientFrame`. */
  rsv: number;
  opcode: number;
  isMasked: boolean;
  lengthForm: LengthForm;
  payload: Buffer;
}

/** The first frame in what came from a server; undefined while some of it is missing. */
export function parseServerFrame(bytes: Buffer): { value: ServerFrame; size: number } | undefined {
  if (bytes.length < 2) return undefined;
  const [first, second] = bytes as unknown as [number, number];
  const short = second & 0x7f;
  const lengthForm = short < 126 ? 0 : short === 126 ? 2 : 8;
  const isMasked = second >= 0x80;
  const headSize = 2 + lengthForm + (isMasked ? 4 : 0);
  if (bytes.length < headSize) return undefined;
  const length = lengthForm === 0 ? short : Number(BigInt(`0x${bytes.toString('hex', 2, 2 + lengthForm)}`));
  const size = headSize + length;
  if (bytes.length < size) return undefined;
  const payload = Buffer.from(bytes.subarray(headSize, size));
  const flags = { fin: first >= 0x80, rsv: (first >> 4) & 7, opcode: first & 0xf };
  return { value: { ...flags, isMasked, lengthForm, payload }, size };
}
