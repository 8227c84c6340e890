import type { Rounds } from './alternate.ts';
import { alternate } from './alternate.ts';
import { Fleet } from './load/fleet.ts';
import { expectDelivery, Poster } from './load/poster.ts';
import type { PartOptions, Section } from './section.ts';
import { ServerProcess } from './server-process.ts';
import type { Contender } from './servers/contenders.ts';
import { byHand } from './servers/contenders.ts';
import { median, medianRatio, significant } from './statistics.ts';
import { pause } from './within.ts';

interface Size {
  devices: number;
  /** What is connected before anything is measured, so that loading and compiling code counts for nobody. */
  warmUpDevices: number;
  /** Longer than the ping interval of all servers, 25 s: the first pings make the garbage collector give memory back. */
  settleMs: number;
}

const full: Size = { devices: 15_000, warmUpDevices: 1000, settleMs: 32_000 };
const quick: Size = { devices: 1000, warmUpDevices: 100, settleMs: 2000 };
/** Every so manieth device gets a message at the end. */
const checkEvery = 50;

interface Idle {
  /** Between the warm-up and the end of settling, bytes. */
  rssPerConnection: number;
  /** From the TCP connect to the answer of the upgrade, and registered; server CPU, µs. */
  cpuPerConnect: number;
  connectsPerSecond: number;
  /** Server CPU while all devices are idle, one round of pings included, ms per s. */
  idleCpu: number;
}

/** What connections cost that do nothing. */
export async function idle(options: PartOptions): Promise<Section> {
  const size = options.quick ? quick : full;
  const results = await alternate(options, (contender) => idleOnce(contender, size));
  return {
    title: `Idle connections: ${size.devices} devices`,
    columns: ['server', 'KiB/connection', '- by-hand', 'CPU µs/connect', '× by-hand', 'connects/s', 'idle CPU ms/s'],
    rows: Object.keys(results).map((name) => row(name, results)),
    notes: [
      `RSS and CPU of the server process, from ${size.warmUpDevices} connections to ${size.devices}; RSS after ${size.settleMs / 1000} s of rest.`,
      'No garbage collection was forced. A CPU µs/connect covers TCP, upgrade and registration (in memory).',
      `After the rest every ${checkEvery}th device was sent a message, and each got it.`,
    ],
    data: results,
  };
}

function row(name: string, results: Rounds<Idle>): (string | number)[] {
  const of = (server: string, figure: keyof Idle) => results[server]!.map((one) => one[figure]);
  const kib = of(name, 'rssPerConnection').map((bytes) => bytes / 1024);
  const more = kib.map((value, round) => value - of(byHand.name, 'rssPerConnection')[round]! / 1024);
  const cpu = of(name, 'cpuPerConnect');
  const figures = [
    median(kib),
    median(more),
    median(cpu),
    medianRatio(cpu, of(byHand.name, 'cpuPerConnect')),
    median(of(name, 'connectsPerSecond')),
    median(of(name, 'idleCpu')),
  ];
  return [name, ...figures.map((figure) => significant(figure))];
}

async function idleOnce(contender: Contender, { devices, warmUpDevices, settleMs }: Size): Promise<Idle> {
  const server = await ServerProcess.start(contender);
  const fleet = new Fleet(server, contender.wire, devices);
  await fleet.connect(warmUpDevices);
  const before = sample(server);
  await fleet.connect();
  const connected = sample(server);
  await pause(settleMs);
  const after = sample(server);
  await checkDevices(server, fleet);
  fleet.destroy();
  await server.kill();
  const count = devices - warmUpDevices;
  return {
    rssPerConnection: (after.rss - before.rss) / count,
    cpuPerConnect: (connected.cpu - before.cpu) / count,
    connectsPerSecond: (count / (connected.at - before.at)) * 1000,
    idleCpu: (after.cpu - connected.cpu) / (after.at - connected.at),
  };
}

function sample(server: ServerProcess) {
  return { at: performance.now(), cpu: server.cpuMicros(), rss: server.rssBytes() };
}

/** One message after the other. */
async function checkDevices(server: ServerProcess, fleet: Fleet): Promise<void> {
  const poster = new Poster(server.ports.callbackPort);
  for (let device = 0; device < fleet.devices.length; device += checkEvery) {
    await new Promise<void>((resolve) => {
      poster.post(fleet.ledger.post(device, 0), (status, body) => {
        expectDelivery(status, body);
        resolve();
      });
    });
  }
  await fleet.settled();
  poster.destroy();
}
