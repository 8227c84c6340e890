import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    // xstate's development build remarks on events for actors that are over: after a forced end they are expected
    onConsoleLog: (text) => !text.startsWith('Event "'),
    testTimeout: 20_000,
    hookTimeout: 60_000,
    coverage: { include: ['machines/**/*.ts', 'src/**/*.ts'] },
  },
});
