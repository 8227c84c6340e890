import { onTestFinished } from 'vitest';
import type { Entry } from '../../src/registry/registry.ts';
import { onOwnPort } from './own-port.ts';
import type { PodAddresses, PodProcess } from './process.ts';
import { startProcess } from './process.ts';
import type { RedisServer } from './redis.ts';
import { startRedis } from './redis.ts';
import { until } from './until.ts';

export interface FleetPod extends PodAddresses {
  process: PodProcess;
}

/** Several pods, each on its loopback address as each would have its own on a cluster, and the Redis they share. */
export class Fleet {
  readonly pods: FleetPod[];
  redis: RedisServer;

  constructor(pods: FleetPod[], redis: RedisServer) {
    this.pods = pods;
    this.redis = redis;
  }

  /** Kills Redis, and all that it holds is lost. */
  async killRedis(): Promise<void> {
    await this.redis.stop();
  }

  /** Starts it again, empty, where it was. */
  async restartRedis(): Promise<void> {
    this.redis = await startRedisAt(this.redis.port);
  }

  /** The pods but these. */
  others(...without: FleetPod[]): FleetPod[] {
    return this.pods.filter((pod) => !without.includes(pod));
  }

  /** A device's entry, looked up as a service in any language does. */
  async entry(deviceId: string): Promise<Entry | undefined> {
    const text = await this.redis.client.get(`ws-connect:device:{${deviceId}}`);
    return text ? (JSON.parse(text) as Entry) : undefined;
  }

  /** All entries there are. */
  async entries(): Promise<Entry[]> {
    const keys = await this.redis.client.keys('ws-connect:device:*');
    const texts = keys.length > 0 ? await this.redis.client.mget(keys) : [];
    return texts.flatMap((text) => (text ? [JSON.parse(text) as Entry] : []));
  }

  async entriesOf({ podId }: FleetPod): Promise<Entry[]> {
    return (await this.entries()).filter((entry) => entry.podId === podId);
  }

  /** Waits until the device's entry names this pod. */
  registered(deviceId: string, { podId }: FleetPod): Promise<unknown> {
    return until(async () => (await this.entry(deviceId))?.podId === podId);
  }
}

async function startRedisAt(port: number): Promise<RedisServer> {
  const redis = await startRedis(['--port', String(port)]);
  onTestFinished(() => redis.stop());
  return redis;
}

/** Pods at 127.0.0.2, 127.0.0.3 and so on, ready, and a Redis of their own. */
export async function startFleet(count: number, env: Record<string, string> = {}): Promise<Fleet> {
  const redis = await onOwnPort(startRedisAt);
  const start = async (index: number): Promise<FleetPod> => {
    const process = startProcess({ HOST: `127.0.0.${index + 2}`, REDIS_URL: redis.url, ...env });
    return { process, ...(await process.ready()) };
  };
  return new Fleet(await Promise.all(Array.from({ length: count }, (_, index) => start(index))), redis);
}

/** POSTs a callback and returns the answer; `base` is `http://IP:PORT`. */
export function push(base: string, deviceId: string, body: Buffer): Promise<Response> {
  const headers = { 'Content-Type': 'application/octet-stream' };
  return fetch(`${base}/callback/${deviceId}`, { method: 'POST', headers, body: new Uint8Array(body) });
}
