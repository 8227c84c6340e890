import { availableParallelism } from 'node:os';
import { configDefaults, defineConfig } from 'vitest/config';

const faults = 'test/faults/faults.test.ts';
const rollout = 'test/rollout/*.test.ts'; // these need haproxy, or many open files
// these run Python, Chromium and other programs
const interop = ['test/examples/*.test.ts', 'test/e2e/interop*.test.ts', 'test/**/*.browser.test.ts'];

export default defineConfig({
  resolve: { tsconfigPaths: true }, // our own packages by their sources
  test: {
    globalSetup: ['test/support/global-setup.ts'],
    isolate: false, // to load the same modules for every file takes as long as the tests; so a file puts back what it mocks
    maxWorkers: Math.max(2, availableParallelism()), // most of a test is waiting for processes, which leaves room for another
    // xstate's development build remarks on events for actors that are over: after a forced end they are expected
    // and when a step is worked out for the first time within an action, by xstate's own pure function, it takes that for a mistake
    onConsoleLog: (text) => !/^(Event "|Custom actions should not call `assign\(\)`)/.test(text),
    testTimeout: 20_000,
    hookTimeout: 60_000,
    coverage: { include: ['machines/**/*.ts', 'packages/*/src/**/*.ts', 'src/**/*.ts'] },
    projects: [
      {
        extends: true,
        test: {
          name: 'tests',
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...interop, faults, rollout],
        },
      },
      {
        extends: true,
        test: {
          name: 'interop',
          include: interop,
          globalSetup: ['test/support/interop-setup.ts'],
          testTimeout: 60_000, // browsers on a busy machine
          fileParallelism: false, // one browser at a time: it draws without a graphics card
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true, // by itself and last: a dozen pods under fault leave little of the machine to others
        test: { name: 'faults', include: [faults], sequence: { groupOrder: 2 } },
      },
      { extends: true, test: { name: 'rollout', include: [rollout], fileParallelism: false } },
    ],
  },
});
