import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { modes } from './driver/registry-stage.ts';
import { wholeProgram } from './protections.ts';
import { areTakeoversSlow, isBroken } from './report-table.ts';
import type { RunResult } from './run.ts';
import { judge, perform } from './run.ts';

/** By mode, such that every kind of fault comes up. */
const seeds = { single: 38, sentinel: 1, cluster: 2 };
const leases = { single: 18_000, sentinel: 3000, cluster: 3000 };
const rounds = 4;

const ofPods = ['kill', 'short freeze', 'long freeze', 'rolling restart', 'device cut', 'device black hole'];
const ofLinks = ['link cut', 'link black hole', 'link requests lost', 'link answers lost', 'link slow'];
const ofPeers = ['pod cut', 'pod black hole'];
const ofServers = ['redis restart, empty', 'redis pause'];
const ofMasters = ['failover', 'master kill', 'master pause', 'short master pause', 'slot migration'];

it('keeps every promise under every kind of fault, with one Redis, Sentinel and a Cluster', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ws-connect-faults-'));

  const performances = await Promise.all(
    modes.map((mode, index) =>
      perform({
        mode,
        program: wholeProgram,
        seed: seeds[mode],
        leaseTtlMs: leases[mode],
        pods: 4,
        devices: 120,
        callbacksPerSecond: 60,
        alone: 0,
        goesOn: (done) => done < rounds,
        path: join(folder, `${mode}.jsonl`),
        net: 20 + index,
      }),
    ),
  );

  const results: RunResult[] = [];
  for (const performance of performances) results.push(await judge(performance));
  const broken = results.filter((result) => isBroken(result));
  expect(broken.map(brokenText), `the histories are kept in ${folder}`).toEqual([]);
  const struck = new Set(results.flatMap(({ faults }) => faults));
  expect(struck).toEqual(new Set([...ofPods, ...ofLinks, ...ofPeers, ...ofServers, ...ofMasters]));
  rmSync(folder, { recursive: true });
}, 300_000);

/** What went wrong in a run, for a reader. */
function brokenText(result: RunResult) {
  const { mode, report } = result;
  const { violations, closes, losses } = report;
  return {
    mode,
    violations: violations.map(({ invariant, sentence, facts }) => ({ invariant, sentence, facts })),
    closes: Object.entries(closes).map(
      ([fault, list]) => `${list.length} under ${fault}, such as ${list[0]!.connection.name}`,
    ),
    lostWithoutError: losses.unexcused,
    areTakeoversSlow: areTakeoversSlow(result),
  };
}
