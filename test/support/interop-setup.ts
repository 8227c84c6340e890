import { findChromium } from './chromium.ts';
import { fetchEach } from './global-setup.ts';
import { findPython } from './python.ts';
import { findRedisCli } from './redis-server.ts';

/** Fetches the programs of others once, one after the other, before the test files that use them start side by side. */
export default async function setup(): Promise<void> {
  await fetchEach([findRedisCli, findPython, findChromium]);
}
