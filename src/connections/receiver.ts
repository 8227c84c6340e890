/**
 * Controls how ws parses the data of a device.
 *
 * ws parses all data of one read of the socket at once, for example 9,000 messages of one byte. It also keeps a buffer for each fragment
 * of a message and for each read of a frame. This file limits both without looking at the frames: it parses a large read in slices, in
 * turns with the other devices, and joins many small buffers to one.
 *
 * It uses undocumented fields of the Receiver of ws. Therefore package.json names exactly one version of ws.
 */
/* oxlint-disable eslint/no-underscore-dangle -- the names are ws' and Node's */
import type { Writable } from 'node:stream';
import * as ws from 'ws';
import { joinPieces } from './join-pieces.ts';
import type { Reading, ReadingTurns } from './reading-turns.ts';

type Done = (error?: Error | null) => void;
type Write = (this: Receiver, chunk: Buffer, encoding: BufferEncoding, done: Done) => void;

/** As in ws/lib/receiver.js. */
interface Receiver extends Writable {
  /** Received data that is not parsed yet. */
  _buffers: Buffer[];
  _bufferedBytes: number;
  /** The fragments of an unfinished message. */
  _fragments: Buffer[];
  _write: Write;
}

const { Receiver: WsReceiver } = ws as unknown as { Receiver: new () => Receiver };
const parse: Write = WsReceiver.prototype._write;

/**
 * Bytes to parse before the time is checked. They are 680 frames at most, which take about a millisecond. Ordinary devices send less at
 * once, so their messages are parsed as ws would parse them.
 */
const sliceBytes = 4096;

/** Returns a function that makes a new WebSocket parse in turns with the others. Throws if the version of ws has other fields. */
export function createReadInTurns(turns: ReadingTurns): (webSocket: ws.WebSocket) => void {
  const { _buffers: buffers, _fragments: fragments, _bufferedBytes: bytes } = new WsReceiver();
  const isKnown = Array.isArray(buffers) && Array.isArray(fragments) && bytes === 0;
  if (!isKnown)
    throw new Error('src/connections/receiver.ts does not know how this version of ws keeps what it receives');

  const write: Write = function writeInTurn(chunk, encoding, done) {
    if (chunk.length > sliceBytes || !turns.hasTime()) return turns.take(new Chunk(this, chunk, done));
    parse.call(this, chunk, encoding, done);
    tidy(this);
  };
  return (webSocket) => {
    const { _receiver: receiver } = webSocket as unknown as { _receiver: Receiver };
    receiver._write = write; // Node's streams do the same with their option `write`
  };
}

/** One read of a socket, parsed in slices. ws does not read the socket until `done` is called. */
class Chunk implements Reading {
  readonly #receiver: Receiver;
  readonly #done: Done;
  #rest: Buffer;

  constructor(receiver: Receiver, chunk: Buffer, done: Done) {
    this.#receiver = receiver;
    this.#rest = chunk;
    this.#done = done;
  }

  goOn(mayGoOn: () => boolean): boolean {
    let failure: Error | null | undefined;
    const note: Done = (error) => {
      failure = error;
    };
    // A slice of a large frame takes almost no time, so larger slices follow.
    for (let size = sliceBytes; this.#rest.length > 0; size *= 2) {
      parse.call(this.#receiver, this.#rest.subarray(0, size), 'binary', note);
      this.#rest = this.#rest.subarray(failure ? this.#rest.length : size);
      if (this.#rest.length > 0 && !mayGoOn()) break;
    }
    tidy(this.#receiver);
    if (this.#rest.length > 0) return false;
    this.#done(failure);
    return true;
  }
}

/** Joins small buffers, so that they use about as much memory as they contain bytes. Usually there are none. */
function tidy({ _bufferedBytes: bytes, _buffers: buffers, _fragments: fragments }: Receiver): void {
  if (bytes > 0) joinPieces(buffers);
  if (fragments.length > 0) joinPieces(fragments);
}
