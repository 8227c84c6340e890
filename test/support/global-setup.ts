import { findRedisServer } from './redis-server.ts';

/** Fetches Redis once, before the test files start side by side. */
export default async function setup(): Promise<void> {
  await fetchEach([findRedisServer]);
}

/** The tests that need what is not to be had fail for that reason, the others still run. */
export async function fetchEach(finds: (() => Promise<unknown>)[]): Promise<void> {
  for (const find of finds) {
    try {
      await find();
    } catch (error) {
      console.error(error);
    }
  }
}
