import { alternate, compare } from './alternate.ts';
import { deliverOnce } from './deliver.ts';
import { closedLoop } from './load/closed-loop.ts';
import { Fleet } from './load/fleet.ts';
import { OpenLoop } from './load/open-loop.ts';
import { expectDelivery } from './load/poster.ts';
import type { PartOptions, Section } from './section.ts';
import { ServerProcess } from './server-process.ts';
import type { Contender } from './servers/contenders.ts';
import { byHand } from './servers/contenders.ts';
import { median, quantile, significant } from './statistics.ts';
import { pause } from './within.ts';

const full = { devices: 1000, warmUpMs: 3000, measureMs: 8000 };
const quick = { devices: 100, warmUpMs: 300, measureMs: 700 };
type Size = typeof full;

interface Latency {
  /** From the intended time of the post to the arrival at the device, ms. */
  p50: number;
  p99: number;
  p999: number;
  /** How late the load generator was, ms; part of the above. */
  latenessP99: number;
}

/** Open loop: how long a message takes at a rate that all servers carry. */
export async function latency(options: PartOptions): Promise<Section> {
  const size = options.quick ? quick : full;
  const { deliveriesPerSecond: most } = await deliverOnce(byHand, size);
  const rate = significant(most / 2, 2);
  options.log(`${byHand.name} carries ${Math.round(most)}/s at most, so the rate is ${rate}/s`);
  const results = await alternate(options, (contender) => latencyOnce(contender, size, rate));
  const lateness = Object.values(results).flatMap((rounds) => rounds.map((one) => one.latenessP99));
  return {
    title: `Latency, open loop: ${rate} messages/s to ${size.devices} devices`,
    columns: ['server', 'p50 ms', '× by-hand', 'p99 ms', '× by-hand', 'p99.9 ms', '× by-hand'],
    rows: compare(results, [(one) => one.p50, (one) => one.p99, (one) => one.p999]),
    notes: [
      `The rate is half of what ${byHand.name} reached in a closed loop. From the intended time of the post to the arrival at the device.`,
      'Every message was checked: the right device, the right bytes, exactly once, none missing.',
      `Of that, the load generator's own lateness: p99 ${significant(median(lateness))} ms.`,
    ],
    data: { rate, results },
  };
}

async function latencyOnce(contender: Contender, size: Size, rate: number): Promise<Latency> {
  const server = await ServerProcess.start(contender);
  const fleet = new Fleet(server, contender.wire, size.devices);
  const { ledger } = fleet;
  await fleet.connect();
  await closedLoop(server, fleet, { warmUpMs: size.warmUpMs, measureMs: 0 });
  const latencies: number[] = [];
  ledger.onLatency = (ms) => latencies.push(ms);
  const loop = await OpenLoop.connect(server.ports.callbackPort, rate, (intendedAt) => ({
    request: ledger.post(ledger.posted % size.devices, intendedAt),
    onAnswer: expectDelivery,
  }));
  loop.start();
  await pause(size.measureMs);
  await loop.stop();
  await fleet.settled();
  fleet.destroy();
  await server.kill();
  const [p50, p99, p999] = [0.5, 0.99, 0.999].map((q) => quantile(latencies, q));
  return { p50: p50!, p99: p99!, p999: p999!, latenessP99: quantile(loop.latenesses, 0.99) };
}
