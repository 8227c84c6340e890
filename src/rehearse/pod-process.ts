import { hostPort } from '@ws-connect/callback-client/internal/address';
import type { DrainReport } from '../drain/drain-report.ts';
import type { Endpoint } from './balancer.ts';
import type { Exit } from './kubelet.ts';
import { Program } from './program.ts';

export interface PodProcessOptions {
  name: string;
  /** What to run, the program's own arguments left out. */
  program: { command: string; args: string[] };
  env: NodeJS.ProcessEnv;
  /** Is told at once, so that also a pod that never becomes ready has somebody who ends it. */
  spawned: (pod: PodProcess) => void;
}

const host = '127.0.0.1';
const readyWithinMs = 30_000;

interface Ports {
  devicePort: number;
  callbackPort: number;
  adminPort: number;
}

/** One pod as a process of its own, on free ports of this machine, read by its log. */
export class PodProcess {
  readonly name: string;
  readonly program: Program;
  /** Its own account of its drain, once that is over. */
  drainReport: Omit<DrainReport, 'podId'> | undefined;
  #ports: Ports | undefined;
  #onReady = () => {};

  private constructor({ name, program: { command, args }, env }: PodProcessOptions) {
    this.name = name;
    const own = { HOST: host, POD_IP: host, DEVICE_PORT: '0', CALLBACK_PORT: '0', ADMIN_PORT: '0', LOG_LEVEL: 'info' };
    this.program = new Program({
      command,
      args,
      env: { ...env, ...own, POD_UID: '' },
      onLine: (line) => this.#read(line),
    });
  }

  /** Resolves once it is ready. Rejects when it ends before that. */
  static async start(options: PodProcessOptions): Promise<PodProcess> {
    const pod = new PodProcess(options);
    const { name, program } = pod;
    options.spawned(pod);
    const ready = new Promise<'ready'>((resolve) => (pod.#onReady = () => resolve('ready')));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => (timer = setTimeout(resolve, readyWithinMs, 'late')));
    const first = await Promise.race([ready, late, program.exited]);
    clearTimeout(timer);
    if (first === 'ready') return pod;
    if (first === 'late') await program.kill();
    throw await program.failure(first === 'late' ? `${name} was not ready within 30 s` : `${name} did not start`);
  }

  get deviceEndpoint(): Endpoint {
    return { host, port: this.#ports!.devicePort };
  }

  get callbackEndpoint(): Endpoint {
    return { host, port: this.#ports!.callbackPort };
  }

  get exited(): Promise<Exit> {
    return this.program.exited;
  }

  /** Calls the pre-stop hook as the kubelet does: a GET, for as long as it takes, whatever the answer. */
  async preStop(signal: AbortSignal): Promise<void> {
    const answer = await fetch(`http://${hostPort(host, this.#ports!.adminPort)}/pre-stop`, { signal });
    await answer.arrayBuffer();
  }

  #read(line: string): void {
    const entry = parse(line);
    if (entry?.msg === 'ready') {
      this.#ports = entry as Ports;
      this.#onReady();
    }
    if (entry?.msg === 'drain over') this.drainReport = entry as DrainReport;
  }
}

/** What `msg` says decides which of the rest is there. */
type LogLine = { msg?: unknown } & Partial<Ports & DrainReport>;

function parse(line: string): LogLine | undefined {
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return undefined; // not of the log
  }
}
