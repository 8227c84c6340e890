import { fileURLToPath } from 'node:url';
import { expect, onTestFinished } from 'vitest';
import { isWildcard } from '../../src/config/listen-address.ts';
import type { Exit } from './child.ts';
import { Child } from './child.ts';

/** One line of the program's log. */
export interface LogLine extends Record<string, unknown> {
  msg: string;
}

/** Where a pod is reached. */
export interface PodAddresses {
  podId: string;
  /** `IP:PORT` of the device listener. */
  device: string;
  /** Base URLs of the other two. */
  callback: string;
  admin: string;
  callbackPort: number;
}

export const program = fileURLToPath(new URL('../../dist/src/main.js', import.meta.url));
const freePorts = { HOST: '127.0.0.1', DEVICE_PORT: '0', CALLBACK_PORT: '0', ADMIN_PORT: '0' };

/** The log in what a program writes on its stdout. */
export class Log {
  readonly #child: Child;
  #read = 0;
  readonly #lines: LogLine[] = [];
  /** What is no JSON object. */
  readonly strays: string[] = [];

  constructor(child: Child) {
    this.#child = child;
  }

  /** Every line so far. */
  get lines(): LogLine[] {
    for (const line of this.#child.lines.slice(this.#read)) {
      const parsed = parse(line);
      if (parsed) this.#lines.push(parsed);
      else this.strays.push(line);
    }
    this.#read = this.#child.lines.length;
    return this.#lines;
  }

  all(message: string): LogLine[] {
    return this.lines.filter(({ msg }) => msg === message);
  }

  /** Resolves with the first line with this message, also one of the past. Rejects when the program ends without it. */
  logged(message: string): Promise<LogLine> {
    return this.#child.wrote(`"${message}" in its log`, () => this.all(message)[0]);
  }
}

/** The built program as a process of its own, run as a container runs it. */
export class PodProcess {
  readonly child: Child;
  readonly log: Log;
  readonly #host: string;

  constructor(env: Record<string, string>, args: string[]) {
    const effective = { ...freePorts, ...env };
    this.#host = isWildcard(effective.HOST || undefined) ? '127.0.0.1' : effective.HOST;
    this.child = new Child(process.execPath, [program, ...args], { env: { POD_IP: this.#host, ...effective } });
    this.log = new Log(this.child);
  }

  /** Resolves once the listeners are open. */
  async listening(): Promise<PodAddresses> {
    return this.#addresses(await this.log.logged('listening'));
  }

  /** Resolves once the registry was reached as well. */
  async ready(): Promise<PodAddresses> {
    return this.#addresses(await this.log.logged('ready'));
  }

  logged(message: string): Promise<LogLine> {
    return this.log.logged(message);
  }

  signal(name: NodeJS.Signals): void {
    this.child.signal(name);
  }

  get exited(): Promise<Exit> {
    return this.child.exited;
  }

  #addresses(line: LogLine): PodAddresses {
    return addressesOf(line, this.#host);
  }
}

/** Starts a pod on 127.0.0.1 and free ports with the memory registry; `env` overrides. Its stdout must be nothing but JSON lines. */
export function startProcess(env: Record<string, string> = {}, args: string[] = []): PodProcess {
  const pod = new PodProcess(env, args);
  onTestFinished(() => {
    void pod.log.lines;
    expect(pod.log.strays, 'lines on stdout that are no JSON objects').toEqual([]);
  });
  return pod;
}

/** Runs the program to its end, for what it says at once. */
export async function runProgram(env: Record<string, string>, args: string[] = []) {
  const child = new Child(process.execPath, [program, ...args], { env: { ...freePorts, ...env } });
  const { code } = await child.exited;
  return { code, stdout: child.lines.join('\n'), stderr: child.stderr };
}

/** The addresses in a `listening` or `ready` line of a pod on `host`. */
export function addressesOf({ podId, devicePort, callbackPort, adminPort }: LogLine, host: string): PodAddresses {
  return {
    podId: String(podId),
    device: `${host}:${String(devicePort)}`,
    callback: `http://${host}:${String(callbackPort)}`,
    admin: `http://${host}:${String(adminPort)}`,
    callbackPort: Number(callbackPort),
  };
}

function parse(line: string): LogLine | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isLogLine(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isLogLine(value: unknown): value is LogLine {
  return typeof value === 'object' && value !== null && 'msg' in value && typeof value.msg === 'string';
}
