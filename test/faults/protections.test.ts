import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { programWithout, protections, wholeProgram } from './protections.ts';

it.each(protections)('finds in the built program what makes %s, and leaves the program itself alone', (protection) => {
  const before = readFileSync(join(dirname(wholeProgram), 'pod.js'), 'utf8');

  const program = programWithout(protection);

  expect(execFileSync(process.execPath, [program, '--help'], { encoding: 'utf8' })).toContain('REDIS_URL');
  expect(readFileSync(join(dirname(wholeProgram), 'pod.js'), 'utf8')).toBe(before);
});
