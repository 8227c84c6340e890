import { Fleet } from './load/fleet.ts';
import { LagWatch } from './load/lag-watch.ts';
import { redisInfo } from './redis-info.ts';
import type { PartOptions, Section } from './section.ts';
import { ServerProcess } from './server-process.ts';
import { wsConnect } from './servers/contenders.ts';
import { median, significant } from './statistics.ts';
import { pause, until, within } from './within.ts';

const full = { devices: 15_000, refreshMs: 20_000 };
const quick = { devices: 1000, refreshMs: 2000 };

const phases = ['connect', 'refresh', 'drain'] as const;
const registerMs = 60_000;
const drainMs = 40_000;
/** The end of the phase: after it the pod is soon gone and can be asked nothing any more. */
const drainedShare = 0.95;

/** What a phase took of the pod and of Redis. */
interface Phase {
  seconds: number;
  commandsPerSecond: number;
  /** ms of CPU a second. */
  redisCpu: number;
  redisMicrosPerCommand: number;
  podCpu: number;
  /** Worst event-loop lag of the pod, ms. */
  lag: number;
}

type Round = Record<(typeof phases)[number], Phase>;

/** What 15,000 devices cost the registry in Redis, and what its commands cost the pod. */
export async function registry({ rounds, log, redis, ...options }: PartOptions): Promise<Section> {
  if (!redis) throw new Error('the part registry needs --redis redis://HOST:PORT');
  const size = options.quick ? quick : full;
  const results: Round[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const result = await registryOnce(redis, size);
    results.push(result);
    log(`round ${round} of ${rounds}: ${JSON.stringify(result)}`);
  }
  const of = (phase: keyof Round, figure: keyof Phase) => median(results.map((one) => one[phase][figure]));
  return {
    title: `Registry: one pod, ${size.devices} devices, one Redis`,
    columns: ['phase', 'seconds', 'commands/s', 'Redis CPU ms/s', 'Redis µs/command', 'pod CPU ms/s', 'worst lag ms'],
    rows: phases.map((phase) => [
      phase,
      ...(
        ['seconds', 'commandsPerSecond', 'redisCpu', 'redisMicrosPerCommand', 'podCpu', 'lag'] satisfies (keyof Phase)[]
      ).map((figure) => significant(of(phase, figure))),
    ]),
    notes: [
      'connect: until every device is registered. refresh: the devices are idle, and every entry is refreshed once in 20 s. drain: default pacing, until 95 % are closed.',
      'Lag is ws_connect_event_loop_lag_seconds; the stall of one scrape is part of it.',
      `1,000,000 devices on 20 pods are 50,000 refreshes/s: ${significant((50_000 * of('refresh', 'redisMicrosPerCommand')) / 1e6)} of a Redis core at the cost of a command here.`,
    ],
    data: results,
  };
}

async function registryOnce(redis: string, { devices, refreshMs }: typeof full): Promise<Round> {
  const server = await ServerProcess.start(wsConnect, { REDIS_URL: redis, POD_IP: '127.0.0.1', REDIS_PREFIX: 'bench' });
  const fleet = new Fleet(server, wsConnect.wire, devices);
  const { keys } = await redisInfo(redis);

  const connect = await watch(redis, server, async () => {
    await fleet.connect();
    let registered = 0;
    while (registered < devices) {
      await pause(50);
      registered = (await within(registerMs, 'all registrations', redisInfo(redis))).keys - keys;
    }
  });
  const refresh = await watch(redis, server, () => pause(refreshMs));

  let closed = 0;
  fleet.onClose = () => (closed += 1);
  const drain = await watch(redis, server, async () => {
    void fetch(`http://127.0.0.1:${server.ports.adminPort}/pre-stop`);
    await until(drainMs, 'the closes', () => closed > drainedShare * devices);
  });
  if ((await within(drainMs, 'the exit', server.exited)) !== 0) throw new Error('the pod did not exit with 0');
  const left = (await redisInfo(redis)).keys;
  if (left > keys) throw new Error(`${left - keys} keys were left behind`);
  return { connect, refresh, drain };
}

async function watch(redis: string, server: ServerProcess, phase: () => Promise<void>): Promise<Phase> {
  const lag = await LagWatch.start(`http://127.0.0.1:${server.ports.adminPort}`, () => false);
  const before = { at: performance.now(), cpu: server.cpuMicros(), redis: await redisInfo(redis) };
  await phase();
  const seconds = (performance.now() - before.at) / 1000;
  const podCpu = (server.cpuMicros() - before.cpu) / 1000 / seconds;
  const after = await redisInfo(redis);
  await lag.stop();
  const commands = after.commands - before.redis.commands;
  const redisCpuMs = after.cpuMs - before.redis.cpuMs;
  return {
    seconds,
    commandsPerSecond: commands / seconds,
    redisCpu: redisCpuMs / seconds,
    redisMicrosPerCommand: (1000 * redisCpuMs) / commands,
    podCpu,
    lag: lag.worstMs,
  };
}
