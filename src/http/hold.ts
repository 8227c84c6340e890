import type { Socket } from 'node:net';

/**
 * Reads no more of a connection of a Node HTTP server until it is released, so that TCP holds the peer back. A `pause` alone does not
 * last: Node resumes the socket after every request that it has parsed, and when an answer has gone out. What is read already is still
 * parsed.
 */
export function hold(socket: Socket): void {
  socket.on('resume', pauseAgain);
  socket.pause();
}

/** Takes back one `hold`. Node's own pauses stay. */
export function release(socket: Socket): void {
  socket.off('resume', pauseAgain);
  socket.resume();
}

function pauseAgain(this: Socket): void {
  this.pause();
}
