import { constants, openSync } from 'node:fs';
import { expect, it } from 'vitest';
import { LogOutput } from '../../src/observe/log-output.ts';
import { Fifo } from '../support/fifo.ts';
import { until } from '../support/until.ts';

/** What a pipe holds on Linux, with some to spare, bytes. */
const morePipe = 100_000;
const moreThanWaits = 1_500_000;

/** The writing end stays open: what waits is tried again and again, and must not get into another test's pipe. */
function scene() {
  const fifo = new Fifo();
  const fd = openSync(fifo.path, constants.O_WRONLY | constants.O_NONBLOCK);
  const output: LogOutput = new LogOutput(fd, (lines) => output.write(`dropped ${lines}\n`));
  return { fifo, output };
}

/** Writes numbered lines of 100 bytes, from `first`. Returns them. */
function writeLines(output: LogOutput, bytes: number, first = 0): string[] {
  const lines = Array.from({ length: bytes / 100 }, (_, index) => `${first + index} `.padEnd(99, 'x'));
  for (const line of lines) output.write(`${line}\n`);
  return lines;
}

const linesOf = (text: string) => text.split('\n').slice(0, -1);

it('a reader that pauses gets every line in order', async () => {
  const { fifo, output } = scene();

  const lines = writeLines(output, morePipe);
  output.write('last\n');
  const text = await fifo.has('last\n');

  expect(linesOf(text)).toEqual([...lines, 'last']);
  expect(output.dropped).toBe(0);
});

it('a burst that leaves no time for a timer loses nothing while somebody reads', async () => {
  const { fifo, output } = scene();

  const lines: string[] = [];
  while (lines.length < moreThanWaits / 100) {
    lines.push(...writeLines(output, morePipe, lines.length));
    fifo.read();
  }
  output.write('last\n');
  const text = await fifo.has('last\n');

  expect(output.dropped).toBe(0);
  expect(linesOf(text)).toEqual([...lines, 'last']);
});

it('a reader that stays away for long loses lines, and a line says how many where they are missing', async () => {
  const { fifo, output } = scene();

  const lines = writeLines(output, moreThanWaits);
  await fifo.has('dropped ');
  output.write('last\n');
  const text = linesOf(await fifo.has('last\n'));

  const kept = text.length - 2;
  expect(output.dropped).toBe(lines.length - kept);
  expect(output.dropped).toBeGreaterThan(0);
  expect(text).toEqual([...lines.slice(0, kept), `dropped ${output.dropped}`, 'last']);
});

it('a reader that never comes back finds whole lines only', () => {
  const { fifo, output } = scene();

  const lines = writeLines(output, moreThanWaits);
  const text = fifo.read();

  expect(text.length).toBeGreaterThan(30_000);
  expect(text).toBe(
    lines
      .slice(0, text.length / 100)
      .map((line) => `${line}\n`)
      .join(''),
  );
});

it('a line larger than the pipe is not torn apart by the next', async () => {
  const { fifo, output } = scene();
  const large = 'x'.repeat(300_000);

  output.write(`${large}\n`);
  output.write('next\n');
  const text = await fifo.has('next\n');

  expect(text).toBe(`${large}\nnext\n`);
});

it('a reader that is gone costs nothing but time: the next one gets what was written meanwhile', async () => {
  const { fifo, output } = scene();

  fifo.withoutReader(() => output.write('one\n'));
  output.write('two\n');
  const text = await fifo.has('two\n');

  expect(text).toBe('one\ntwo\n');
});

it('the end waits for a reader for a second, and no longer', async () => {
  const { output } = scene();
  writeLines(output, morePipe);

  const before = performance.now();
  output.flush();
  const waitedMs = performance.now() - before;

  expect(waitedMs).toBeGreaterThan(900);
  expect(waitedMs).toBeLessThan(5000);
});

it('the end writes what waits', async () => {
  const { fifo, output } = scene();
  writeLines(output, morePipe);
  const inPipe = fifo.read();

  output.flush();

  expect(inPipe.length).toBeLessThan(morePipe);
  await until(() => fifo.read().length === morePipe);
});
