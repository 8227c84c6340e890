/**
 * What a device sends, on its way from the socket into ws' parser of frames.
 *
 * ws parses all that one read of the socket brought in one go: 9,000 messages of one byte, for instance. It also keeps a buffer for
 * each fragment of a message and for each read of a frame. Both is bounded here without looking at the frames: a large read is parsed
 * slice by slice, in turns with the other devices, and many small buffers become one.
 *
 * This uses fields of ws' Receiver that are not documented. Therefore package.json names one version of ws.
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
  /** What was received and not parsed yet. */
  _buffers: Buffer[];
  _bufferedBytes: number;
  /** Of a message whose last fragment has still to come. */
  _fragments: Buffer[];
  _write: Write;
}

const { Receiver: WsReceiver } = ws as unknown as { Receiver: new () => Receiver };
const parse: Write = WsReceiver.prototype._write;

/**
 * So much is parsed before the time is looked at, bytes. It is 680 frames at most, which take about a millisecond, and it holds
 * what an ordinary device sends at once, which costs nothing more than without turns.
 */
const sliceBytes = 4096;

/** Returns what makes a new WebSocket of this pod read in turns with its others. Throws for a version of ws that is made otherwise. */
export function createReadInTurns(turns: ReadingTurns): (webSocket: ws.WebSocket) => void {
  const { _buffers: buffers, _fragments: fragments, _bufferedBytes: bytes } = new WsReceiver();
  const isKnown = Array.isArray(buffers) && Array.isArray(fragments) && bytes === 0;
  if (!isKnown) throw new Error('src/device/receiver.ts does not know how this version of ws keeps what it receives');

  const write: Write = function writeInTurn(chunk, encoding, done) {
    if (chunk.length > sliceBytes || !turns.hasTime()) return turns.take(new Chunk(this, chunk, done));
    parse.call(this, chunk, encoding, done);
    tidy(this);
  };
  return (webSocket) => {
    const { _receiver: receiver } = webSocket as unknown as { _receiver: Receiver };
    receiver._write = write; // as Node's streams do with their option `write`
  };
}

/** One read of a socket, parsed slice by slice. Until `done` is called, ws leaves the socket unread. */
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
    // A slice of a large frame takes no time: then larger slices follow.
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

/** Keeps memory at about the size of what is kept. Nearly always nothing is. */
function tidy({ _bufferedBytes: bytes, _buffers: buffers, _fragments: fragments }: Receiver): void {
  if (bytes > 0) joinPieces(buffers);
  if (fragments.length > 0) joinPieces(fragments);
}
