import { randomInt } from 'node:crypto';

/**
 * Starts a server on a port of 127.0.0.1 that stays its own while it is killed and until it is started again: it lies
 * below those the kernel hands out (32768 and up on Linux), and so does the one 10000 above it, a Redis Cluster's bus.
 */
export async function onOwnPort<T>(start: (port: number) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await start(randomInt(10_000, 22_768));
    } catch (error) {
      const taken = error instanceof Error && error.message.includes('Address already in use');
      if (!taken || tries === 10) throw error;
    }
  }
}
