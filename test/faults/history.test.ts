import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { Fact } from './history.ts';
import { HistoryFile, inOrder, parseFact, readHistory } from './history.ts';

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'ws-connect-history-'));
  onTestFinished(() => rm(path, { recursive: true }));
  return path;
}

const quiet = (at: number): Fact => ({ type: 'quiet', at });
const closed: Fact = { type: 'device.closed', at: 2.25, conn: 1, code: 1006, by: 'peer' };

it('reads what was written, from several files, in the order of time', async () => {
  const dir = await folder();
  const paths = ['a', 'b'].map((name) => join(dir, name));
  const files = paths.map((path) => new HistoryFile(path));
  files[0]!.write(quiet(3));
  files[0]!.write(quiet(1));
  files[1]!.write(closed);
  await Promise.all(files.map((file) => file.close()));

  expect(await readHistory(...paths)).toEqual([quiet(1), closed, quiet(3)]);
});

it('keeps many facts', async () => {
  const path = join(await folder(), 'many');
  const file = new HistoryFile(path);
  for (let at = 0; at < 100_000; at += 1) file.write(quiet(at));
  await file.close();

  const facts = await readHistory(path);

  expect(facts).toHaveLength(100_000);
  expect(facts.at(-1)).toEqual(quiet(99_999));
});

it('leaves facts of one moment in the order in which they came', () => {
  const facts: Fact[] = [
    quiet(2),
    { type: 'drain.began', at: 1, podId: 'a' },
    { type: 'pod.ready', at: 1, podId: 'a' },
  ];

  expect(inOrder(facts).map(({ type }) => type)).toEqual(['drain.began', 'pod.ready', 'quiet']);
});

it('says where there is no fact', async () => {
  const path = join(await folder(), 'torn');
  await writeFile(path, `${JSON.stringify(closed)}\n\n{"type":"qui`);

  await expect(readHistory(path)).rejects.toThrow(`${path}:3: no JSON: {"type":"qui`);
});

it.each([
  'null',
  '[]',
  '{"type":"party","at":1}',
  '{"type":"toString","at":1}',
  '{"type":"quiet"}',
  '{"type":"quiet","at":null}',
])('takes %s for no fact', (line) => {
  expect(() => parseFact(line)).toThrow(`history: no fact: ${line}`);
});

it('rejects when it cannot write', async () => {
  const file = new HistoryFile(join(await folder(), 'missing', 'file'));
  file.write(closed);

  await expect(file.close()).rejects.toThrow('ENOENT');
});
