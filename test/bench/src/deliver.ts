import type { Rounds } from './alternate.ts';
import { alternate, compare } from './alternate.ts';
import type { ClosedLoop, Throughput } from './load/closed-loop.ts';
import { closedLoop } from './load/closed-loop.ts';
import { Fleet } from './load/fleet.ts';
import type { PartOptions, Section } from './section.ts';
import { ServerProcess } from './server-process.ts';
import type { Contender } from './servers/contenders.ts';
import { median, significant } from './statistics.ts';

const full = { devices: 1000, warmUpMs: 3000, measureMs: 5000 };
const quick = { devices: 100, warmUpMs: 300, measureMs: 500 };
/** A share of its core from which the load generator may have held the server back. */
const saturated = 0.95;

/** Closed loop: how many deliveries a second, and at which cost. */
export async function deliver(options: PartOptions): Promise<Section> {
  const size = options.quick ? quick : full;
  const results = await alternate(options, (contender) => deliverOnce(contender, size));
  return {
    title: `Deliveries, closed loop: ${size.devices} devices, 64 callback connections, bodies of 200 bytes`,
    columns: ['server', 'deliveries/s', '× by-hand', 'CPU µs/delivery', '× by-hand', 'generator core %'],
    rows: compare(results, [(one) => one.deliveriesPerSecond, (one) => one.cpuPerDelivery]).map((row) => [
      ...row,
      Math.round(100 * generatorLoad(results, String(row[0]))),
    ]),
    notes: notes(results),
    data: results,
  };
}

/** Also the way to find out what a server can do at most. */
export async function deliverOnce(contender: Contender, size: ClosedLoop & { devices: number }): Promise<Throughput> {
  const server = await ServerProcess.start(contender);
  const fleet = new Fleet(server, contender.wire, size.devices);
  await fleet.connect();
  const result = await closedLoop(server, fleet, size);
  fleet.destroy();
  await server.kill();
  return result;
}

function generatorLoad(results: Rounds<Throughput>, name: string): number {
  return median(results[name]!.map((one) => one.generatorLoad));
}

function notes(results: Rounds<Throughput>): string[] {
  const held = Object.keys(results).filter((name) => generatorLoad(results, name) >= saturated);
  return [
    'Every delivery was checked: the right device, the right bytes, exactly once, none missing.',
    "CPU is the server process's, all threads, user and system.",
    ...held.map((name) => {
      const percent = significant(100 * generatorLoad(results, name));
      return `The load generator used ${percent} % of its core against ${name}, whose deliveries/s are a lower bound.`;
    }),
  ];
}
