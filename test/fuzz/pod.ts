import { Program } from '../../src/rehearse/program.ts';
import { wholeProgram } from '../faults/protections.ts';
import { ask, metrics } from '../support/ask.ts';
import type { Target } from './fuzz-case.ts';
import { callbackToken, deviceSecret } from './generate/tokens.ts';

const host = '127.0.0.1';
const readyMs = 20_000;
/** The level of an error in the log (pino). */
const errorLevel = 50;

const tokens = {
  DEVICE_AUTH: 'jwt',
  DEVICE_JWT_SECRET: deviceSecret,
  CALLBACK_AUTH: 'bearer',
  CALLBACK_TOKENS: callbackToken,
};

interface LogLine extends Record<string, unknown> {
  level: number;
  msg: string;
}

/** The built program in a process of its own, with the registry in memory. */
export class FuzzedPod {
  ports!: Record<Target, number>;
  /** What it must never do and has done: it ended, or wrote an error or a stack into its log. */
  fault: string | undefined;
  readonly #program: Program;
  #onReady = () => {};

  private constructor(withTokens: boolean) {
    const { PATH = '', HOME = '/' } = process.env;
    const places = { HOST: host, POD_IP: host, DEVICE_PORT: '0', CALLBACK_PORT: '0', ADMIN_PORT: '0' };
    this.#program = new Program({
      command: process.execPath,
      args: [wholeProgram],
      env: { PATH, HOME, ...places, ...(withTokens && tokens) },
      onLine: (line) => this.#read(line),
    });
    void this.#program.exited.then(async () => {
      this.fault ??= (await this.#program.failure('the pod')).message;
    });
  }

  /** `withTokens`: devices and services have to show tokens. */
  static async start(withTokens: boolean): Promise<FuzzedPod> {
    const pod = new FuzzedPod(withTokens);
    await new Promise<void>((resolve, reject) => {
      pod.#onReady = resolve;
      setTimeout(() => reject(new Error(`the pod was not ready: ${pod.fault}`)), readyMs).unref();
    });
    return pod;
  }

  get admin(): string {
    return `http://${host}:${this.ports.admin}`;
  }

  get callback(): string {
    return `http://${host}:${this.ports.callback}`;
  }

  /** What it holds: memory in bytes, file descriptors, and connections of devices. */
  async held(): Promise<{ rssBytes: number; descriptors: number; connections: number }> {
    const series = await metrics(this.admin, '');
    const connections = Object.entries(series).filter(([name]) => name.startsWith('ws_connect_connections{'));
    return {
      rssBytes: series['process_resident_memory_bytes']!,
      descriptors: series['process_open_fds']!,
      connections: connections.reduce((sum, [, count]) => sum + count, 0),
    };
  }

  async isLive(): Promise<boolean> {
    return (await ask(this.admin, '/livez')).status === 200;
  }

  async stop(): Promise<void> {
    await this.#program.kill();
  }

  #read(text: string): void {
    const line = parse(text);
    if (!line) this.fault ??= `it wrote what is no line of a log: ${text}`;
    else if (line.level >= errorLevel || text.includes('"stack"')) this.fault ??= `it logged ${text}`;
    if (line?.msg !== 'ready') return;
    const { devicePort, callbackPort, adminPort } = line;
    this.ports = { device: Number(devicePort), callback: Number(callbackPort), admin: Number(adminPort) };
    this.#onReady();
  }
}

function parse(text: string): LogLine | undefined {
  try {
    return JSON.parse(text) as LogLine;
  } catch {
    return undefined;
  }
}
