import { constants, openSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';

const stdoutFd = 1;
/** How much of the log may wait for its reader, bytes. That is some thousand lines. Lines beyond it are dropped. */
const maxWaitingBytes = 1_048_576;
/** A pipe takes a write of up to this size whole or not at all (`PIPE_BUF` of POSIX, 4096 on Linux), so no line is torn. */
const pieceBytes = 4096;
/** How soon a write is tried again, ms. Node waits for no descriptor but those of its own streams. */
const retryMs = 20;
/** A write is also tried again after so much more log, bytes: what a pipe of Linux holds. A burst of lines may come before any timer. */
const retryBytes = 65_536;
/** How long the end of the process may wait for the reader, ms. */
const flushWithinMs = 1000;

/**
 * Writes lines to a descriptor that does not block, so that a reader who stops never stops the process. A line is written at once if
 * the reader takes it. Otherwise it waits, in order and up to 1 MiB. Lines beyond that are dropped and counted, until all that waited
 * is written. Any error counts as a full pipe: the next try may succeed.
 */
export class LogOutput {
  readonly #fd: number;
  readonly #reportDropped: (lines: number) => void;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  /** How much was logged since the last try, bytes. */
  #untriedBytes = 0;
  #dropped = 0;
  /** How many of those were reported. */
  #reported = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `reportDropped` writes a line that says how many lines were dropped. It is called once there is room for that line. */
  constructor(fd: number, reportDropped: (lines: number) => void) {
    this.#fd = fd;
    this.#reportDropped = reportDropped;
  }

  /** How many lines were dropped since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  write(line: string): void {
    const size = Buffer.byteLength(line);
    if (this.#waiting.length > 0) this.#tryAfter(size);
    if (this.#waiting.length === 0) {
      const written = this.#put(line);
      if (written < size) this.#hold(Buffer.from(line).subarray(written));
    } else if (this.#dropped > this.#reported || this.#waitingBytes + size > maxWaitingBytes) {
      this.#dropped += 1;
    } else {
      this.#hold(Buffer.from(line));
    }
  }

  /** Blocks until everything is written, for 1 s at most. For the end of the process. */
  flush(): void {
    const end = performance.now() + flushWithinMs;
    this.#writeWaiting();
    while (this.#waiting.length > 0 && performance.now() < end) {
      sleep(retryMs);
      this.#writeWaiting();
    }
  }

  /** Counts what was logged while older lines wait, and tries again once that is much. */
  #tryAfter(bytes: number): void {
    this.#untriedBytes += bytes;
    if (this.#untriedBytes >= retryBytes) this.#writeWaiting();
  }

  #hold(bytes: Buffer): void {
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#timer ??= setInterval(() => this.#writeWaiting(), retryMs).unref();
  }

  /** Writes what waits, as far as it goes. Reports what was dropped once nothing is left. */
  #writeWaiting(): void {
    this.#untriedBytes = 0;
    while (this.#waiting.length > 0) {
      const piece = this.#takePiece();
      const written = this.#put(piece);
      if (written < piece.length) {
        this.#waiting.unshift(piece.subarray(written));
        this.#waitingBytes += piece.length - written;
        return;
      }
    }
    clearInterval(this.#timer);
    this.#timer = undefined;
    const lines = this.#dropped - this.#reported;
    if (lines === 0) return;
    this.#reported = this.#dropped;
    this.#reportDropped(lines);
  }

  /** Takes as many of the first lines as make one piece, and one line at least. */
  #takePiece(): Buffer {
    let size = 0;
    const end = this.#waiting.findIndex((line) => (size += line.length) > pieceBytes);
    const count = end < 0 ? this.#waiting.length : Math.max(end, 1);
    const piece = Buffer.concat(this.#waiting.splice(0, count));
    this.#waitingBytes -= piece.length;
    return piece;
  }

  /** Returns how many bytes were written: none when the reader takes no more (EAGAIN), is gone (EPIPE), or the disk is full (ENOSPC). */
  #put(data: string | Buffer): number {
    try {
      return typeof data === 'string' ? writeSync(this.#fd, data) : writeSync(this.#fd, data);
    } catch {
      return 0; // it waits and is tried again, and what is dropped meanwhile is counted
    }
  }
}

/**
 * Returns a descriptor for stdout that does not block. Node makes a pipe or a socket non-blocking when it makes `process.stdout` of it,
 * and undoes that at exit. It leaves a terminal blocking (`process` I/O in Node's documentation), so a terminal is opened once more. A
 * file has no reader to wait for. stderr does not block afterwards either, so that a crash can be printed there.
 */
export function openStdout(): number {
  void [process.stdout, process.stderr];
  if (!isatty(stdoutFd)) return stdoutFd;
  try {
    return openSync('/proc/self/fd/1', constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return stdoutFd; // not on Linux, or the terminal is another user's: it blocks, as it does for every program
  }
}

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
