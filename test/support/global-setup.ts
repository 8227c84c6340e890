import { findRedisServer } from './redis-server.ts';

/** Fetches Redis once, before the test files start side by side. */
export default async function setup(): Promise<void> {
  try {
    await findRedisServer();
  } catch (error) {
    console.error(error); // the tests that need it fail for this reason, the others still run
  }
}
