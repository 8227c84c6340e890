import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import type { Answer } from '../ask.ts';
import { answerOf, ask } from '../ask.ts';
import { curlArguments } from './curl.ts';
import type { WalkRequest } from './step.ts';
import { methodOf, walkFiles } from './step.ts';

export type Send = (base: string, request: WalkRequest) => Promise<Answer>;

/** Sends it from this process. Without a body it says nothing of a length, as curl does. */
export const sendByNode: Send = (base, request) => {
  const { path, headers, body, file } = request;
  const content = file ? walkFiles[file] : body;
  return ask(base, path, { method: methodOf(request), headers, body: content, hasNoLength: content === undefined });
};

export const isCurlHere = spawnSync('curl', ['--version']).status === 0;

/** What sends by curl; the files of the walk are in the directory it runs in. */
export async function createSendByCurl(): Promise<Send> {
  const cwd = await mkdtemp(join(tmpdir(), 'ws-connect-curl-'));
  onTestFinished(() => rm(cwd, { recursive: true }));
  await Promise.all(Object.entries(walkFiles).map(([name, content]) => writeFile(join(cwd, name), content)));
  return async (base, request) => {
    const args = ['--silent', '--show-error', '--include', '--noproxy', '*', ...curlArguments(base, request)];
    const child = spawn('curl', args, { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
    return parse(await buffer(child.stdout));
  };
}

function parse(output: Buffer): Answer {
  const end = output.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = output.toString('latin1', 0, end).split('\r\n');
  const headers = lines
    .map((line) => /^([^:]+):\s*(.*)$/.exec(line)!)
    .map(([, name, value]) => [name!.toLowerCase(), value]);
  return answerOf(Number(statusLine.split(' ')[1]), Object.fromEntries(headers), output.subarray(end + 4));
}
