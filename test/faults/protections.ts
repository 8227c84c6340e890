/**
 * The built program without one of its protections: a run with it has to find a promise broken, or the faults are too mild
 * to show that the protection works.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The program as it is. */
export const wholeProgram = join(root, 'dist/src/main.js');

/** What to write instead of what, in a file of dist/src. */
interface Cut {
  file: string;
  what: string;
  instead: string;
}

const cuts = {
  /** An entry is deleted whoever has written it. */
  'compare-and-delete': {
    file: 'registry/unregister.lua',
    what: "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end",
    instead: "redis.call('DEL', KEYS[1])",
  },
  /** An older connection writes over the entry of a newer one. */
  't-guard': {
    file: 'registry/register.lua',
    what: 'if entry.t > t or (entry.t == t and not first) then',
    instead: 'if false then',
  },
  /** Leases are not prolonged. */
  refresh: {
    file: 'connections/socket.js',
    what: 'this.refreshAt = nextTurn(this.refreshAt, refreshMs(config), now);\n            this.lease.refresh();',
    instead: 'this.refreshAt = nextTurn(this.refreshAt, refreshMs(config), now);',
  },
  /** What has failed is not repaired. */
  reconcile: { file: 'registry/reconciler.js', what: 'this.#repair(now);', instead: '' },
  /** The pod that a device has left hears of it by its next refresh. */
  takeover: { file: 'device/index.js', what: 'void takeover(holder.deviceId, previous);', instead: '' },
  /** After a stall connections are used as if nothing had happened. */
  doubt: { file: 'connections/socket.js', what: "this.tell({ type: 'pod.stalled' });", instead: '' },
  /** When the registry is back only what has failed is gone over. */
  'verify-all': {
    file: 'registry/registration.js',
    what: 'troubles.recovered();\n            verifyAll();',
    instead: 'troubles.recovered();',
  },
  /** Connections are put in order by the clocks of the pods' machines. */
  'registry-time': {
    file: 'registry/registration.js',
    what: 'registryTime: (at) => link.clock.timeAt(at)',
    instead: 'registryTime: () => Date.now()',
  },
} satisfies Record<string, Cut>;

export type Protection = keyof typeof cuts;

export const protections = Object.keys(cuts) as Protection[];

/** Copies the program without this protection into a folder that goes with this process. Returns its main file. */
export function programWithout(protection: Protection): string {
  const folder = mkdtempSync(join(tmpdir(), 'ws-connect-without-'));
  process.once('exit', () => rmSync(folder, { recursive: true }));
  for (const name of ['dist', 'package.json']) cpSync(join(root, name), join(folder, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const { file, what, instead } = cuts[protection];
  const path = join(folder, 'dist/src', file);
  const parts = readFileSync(path, 'utf8').split(what);
  if (parts.length !== 2) throw new Error(`${path}: ${what} is there ${parts.length - 1} times`);
  writeFileSync(path, parts.join(instead));
  return join(folder, 'dist/src/main.js');
}
