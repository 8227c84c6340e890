import { spawnSync } from 'node:child_process';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { provide } from './debian.ts';

const commands = ['chromium', 'chromium-browser', 'google-chrome'];

/**
 * A machine without a network, or with a closed one, refuses what a browser does besides; and root has no sandbox. `pod.test` is this
 * machine by a name, which a browser trusts less than a loopback address.
 */
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--host-resolver-rules=MAP pod.test 127.0.0.1',
];

/** The path of a Chromium. Throws when there is none to be had. */
export function findChromium(): Promise<string> {
  return provide({
    what: 'Chromium',
    installed: () => commands.map((name) => pathOf(name)).find((path) => path !== undefined),
    packages: ['chromium'],
  });
}

/**
 * A Chromium for the tests of a file: call it at the file's top. Each page has storage of its own and is gone at the end
 * of its test. Open something of 127.0.0.1 before a page connects there: what is no page of this machine may not.
 */
export function useChromium(): { newPage(): Promise<Page> } {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: await findChromium(), args: flags });
  });
  afterAll(() => browser?.close());
  return {
    async newPage() {
      const context = await browser.newContext();
      onTestFinished(() => context.close());
      return context.newPage();
    },
  };
}

function pathOf(command: string): string | undefined {
  const { status, stdout } = spawnSync('which', [command], { encoding: 'utf8' });
  const path = stdout?.trim();
  return status === 0 && spawnSync(path, ['--version']).status === 0 ? path : undefined;
}
