import type { Throughput } from './load/closed-loop.ts';
import { closedLoop } from './load/closed-loop.ts';
import { batchLoop } from './load/batch-loop.ts';
import { Fleet } from './load/fleet.ts';
import type { PartOptions, Section } from './section.ts';
import { ServerProcess } from './server-process.ts';
import { wsConnect } from './servers/contenders.ts';
import { median, medianRatio, significant } from './statistics.ts';

const full = { devices: 1000, warmUpMs: 3000, measureMs: 5000 };
const quick = { devices: 100, warmUpMs: 300, measureMs: 500 };

/** The same devices by two ways: a request for each message, and lines of one batch. */
const ways = [
  { name: '64 connections, a POST for each', loop: closedLoop },
  { name: 'one batch', loop: batchLoop },
];

/** How many deliveries a second, and at which cost, in one server process by turns. */
export async function batch({ rounds, log, quick: isQuick }: PartOptions): Promise<Section> {
  const size = isQuick ? quick : full;
  const server = await ServerProcess.start(wsConnect);
  const fleet = new Fleet(server, wsConnect.wire, size.devices);
  await fleet.connect();
  const results: Throughput[][] = ways.map(() => []);
  for (let round = 1; round <= rounds; round += 1) {
    for (const [index, { name, loop }] of ways.entries()) {
      const result = await loop(server, fleet, size);
      results[index]!.push(result);
      log(`round ${round} of ${rounds}, ${name}: ${JSON.stringify(result)}`);
    }
  }
  fleet.destroy();
  await server.kill();
  return {
    title: `Batches, closed loop: ${size.devices} devices, bodies of 200 bytes`,
    columns: ['way', 'deliveries/s', '× single', 'CPU µs/delivery', '× single', 'generator core %'],
    rows: ways.map(({ name }, index) => [name, ...cells(results[index]!, results[0]!)]),
    notes: ['Every delivery was checked: the right device, the right bytes, exactly once, none missing.'],
    data: results,
  };
}

function cells(own: Throughput[], single: Throughput[]): number[] {
  const figure = (of: (one: Throughput) => number) => [
    significant(median(own.map(of))),
    significant(medianRatio(own.map(of), single.map(of))),
  ];
  return [
    ...figure((one) => one.deliveriesPerSecond),
    ...figure((one) => one.cpuPerDelivery),
    Math.round(100 * median(own.map((one) => one.generatorLoad))),
  ];
}
