import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { ask, push } from '../support/ask.ts';
import { Child } from '../support/child.ts';
import { runDevice, runPod } from '../support/running.ts';
import { jwtEnv, tokenFor } from '../support/tokens.ts';

const program = fileURLToPath(import.meta.resolve('wscat/bin/wscat'));
const text = { 'Content-Type': 'text/plain' };

/** wscat in a terminal of its own, for without one it does not tell how a connection ends. */
class Wscat {
  readonly #child: Child;

  constructor(address: string, options: string[] = []) {
    const url = `ws://${address}/connect?deviceId=lamp-1`;
    const command = [process.execPath, program, '--no-color', ...options, '-c', url].map((word) => `'${word}'`);
    this.#child = new Child('script', ['-qefc', command.join(' '), '/dev/null']);
  }

  /** It is connected. */
  static async connect(address: string, options: string[] = []): Promise<Wscat> {
    const wscat = new Wscat(address, options);
    await wscat.said(/^Connected/);
    return wscat;
  }

  /** Resolves with the first line like this. */
  said(pattern: RegExp): Promise<string> {
    return this.#child.wrote(String(pattern), () => this.#lines.find((line) => pattern.test(line)));
  }

  /** Resolves once `count` lines are like this. */
  saidTimes(pattern: RegExp, count: number): Promise<true> {
    const enough = () => this.#lines.filter((line) => pattern.test(line)).length >= count || undefined;
    return this.#child.wrote(`${count} times ${pattern}`, enough);
  }

  type(line: string): void {
    this.#child.write(`${line}\n`);
  }

  /** Without what moves the cursor and colours the terminal. */
  get #lines(): string[] {
    // oxlint-disable-next-line no-control-regex
    return this.#child.lines.map((line) => line.replaceAll(/\u001B\[[\d;?]*[A-Za-z]|\r/g, '').replace(/^(> )+/, ''));
  }
}

it('shows what is pushed in plain mode', async () => {
  const pod = await runPod();
  const wscat = await Wscat.connect(pod.device);

  await push(pod.callback, 'lamp-1', 'aé漢🙂', text);

  expect(await wscat.said(/^< /)).toBe('< aé漢🙂');
});

it('acknowledges in envelope mode what its user types', async () => {
  const pod = await runPod();
  const wscat = await Wscat.connect(pod.device, ['-s', 'ws-connect.v1']);

  const answer = ask(pod.callback, '/callback/lamp-1?ack=1&id=m-1', { method: 'POST', headers: text, body: 'hello' });
  await wscat.said(/"type":"message","id":"m-1"/);
  wscat.type('{"type":"ack","id":"m-1"}');

  expect(await answer).toMatchObject({ status: 200, json: { outcome: 'acked' } });
});

it('gets pings and lives on', async () => {
  const pod = await runPod({ PING_INTERVAL_MS: '200', PONG_TIMEOUT_MS: '500' });
  const wscat = await Wscat.connect(pod.device, ['-P']);

  await wscat.saidTimes(/Received ping/, 5);
  const { status } = await push(pod.callback, 'lamp-1', 'hello', text);

  expect(status).toBe(200);
  expect(await wscat.said(/^< hello/)).toBe('< hello');
});

it('tells 1012 and the hint when its pod drains', async () => {
  const pod = await runPod({ IDLE_AFTER_MS: '50', DRAIN_INTERVAL_MS: '100' });
  const wscat = await Wscat.connect(pod.device);

  await ask(pod.admin, '/pre-stop');

  expect(await wscat.said(/Disconnected/)).toMatch(
    /^Disconnected \(code: 1012, reason: "\{"reconnectAfterMs":\d+\}"\)$/,
  );
});

it('tells 4509 when a newer connection takes over', async () => {
  const pod = await runPod();
  const wscat = await Wscat.connect(pod.device);

  await runDevice(pod, 'lamp-1');

  expect(await wscat.said(/Disconnected/)).toBe('Disconnected (code: 4509, reason: "superseded")');
});

it.each([
  ['a subprotocol', (token: string) => ['-s', 'ws-connect.plain', '-s', `bearer.${token}`]],
  ['a header', (token: string) => ['-H', `Authorization: Bearer ${token}`]],
])('shows its token in %s', async (_where, options) => {
  const pod = await runPod(jwtEnv);

  const wscat = await Wscat.connect(pod.device, options(await tokenFor('lamp-1')));
  await push(pod.callback, 'lamp-1', 'hello', text);

  expect(await wscat.said(/^< /)).toBe('< hello');
});

it('says with which status it was refused', async () => {
  const pod = await runPod(jwtEnv);

  const wscat = new Wscat(pod.device);

  expect(await wscat.said(/^error/)).toBe('error: Unexpected server response: 401');
});
