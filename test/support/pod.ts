import { globalAgent } from 'node:http';
import { Writable } from 'node:stream';
import type { Clock } from '../../src/base/clock.ts';
import { systemClock } from '../../src/base/clock.ts';
import { loadConfig } from '../../src/config.ts';
import type { Environment } from '../../src/config.ts';
import { createLogger } from '../../src/observe/log.ts';
import type { Pod, Ports } from '../../src/pod.ts';
import { createPod } from '../../src/pod.ts';

export interface TestPod extends Ports {
  pod: Pod;
  podId: string;
  /** `IP:PORT` of the device listener. */
  device: string;
  /** Base URLs of the other two. */
  callback: string;
  admin: string;
  /** Every log line so far, parsed. */
  logs: Record<string, unknown>[];
  /** Resolves with the first log line with this message, also one of the past. */
  logged(message: string): Promise<Record<string, unknown>>;
  /** Ends the pod at once and waits for it. */
  stop(): Promise<number>;
}

/** A pod in this process with the memory registry, free ports on 127.0.0.1, and real sockets. `env` overrides. */
export async function startPod(env: Environment = {}, clock: Clock = systemClock): Promise<TestPod> {
  const { logs, logged, stream } = recordLogs();
  const config = loadConfig({
    HOST: '127.0.0.1',
    POD_IP: '127.0.0.1',
    DEVICE_PORT: '0',
    CALLBACK_PORT: '0',
    ADMIN_PORT: '0',
    LOG_LEVEL: 'debug',
    ...env,
  });
  const pod = createPod(config, { clock, log: createLogger(config.logLevel, stream) });
  const ports = await pod.start();
  const host = config.host ?? '127.0.0.1';
  return {
    pod,
    podId: config.podId,
    ...ports,
    device: `${host}:${ports.devicePort}`,
    callback: `http://${host}:${ports.callbackPort}`,
    admin: `http://${host}:${ports.adminPort}`,
    logs,
    logged,
    stop() {
      hangUp([ports.callbackPort, ports.adminPort]);
      pod.terminate();
      pod.terminate();
      return pod.ended;
    },
  };
}

/** Ends the idle connections that `ask` has kept to these ports: the pod would give each of them time for a last request. */
function hangUp(ports: number[]): void {
  for (const [name, sockets = []] of Object.entries(globalAgent.freeSockets)) {
    if (ports.some((port) => name.includes(`:${port}:`))) for (const socket of sockets) socket.destroy();
  }
}

function recordLogs() {
  const logs: Record<string, unknown>[] = [];
  let waiting: (() => void)[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      for (const line of String(chunk).trim().split('\n')) logs.push(JSON.parse(line));
      for (const wake of waiting.splice(0)) wake();
      done();
    },
  });
  const logged = async (message: string) => {
    for (;;) {
      const line = logs.find(({ msg }) => msg === message);
      if (line) return line;
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  };
  return { logs, logged, stream };
}
