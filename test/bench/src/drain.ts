import type { DrainRound } from './drain-round.ts';
import { drainOnce } from './drain-round.ts';
import type { PartOptions, Section } from './section.ts';
import { median, significant } from './statistics.ts';

const full = { devices: 15_000, talkers: 150, beforeMs: 10_000 };
const quick = { devices: 1000, talkers: 50, beforeMs: 2000 };

/** What a drain with default pacing does to the pod and to those who are still on it. */
export async function drain({ rounds, log, ...options }: PartOptions): Promise<Section> {
  const size = options.quick ? quick : full;
  const results: DrainRound[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const result = await drainOnce(size);
    results.push(result);
    log(`round ${round} of ${rounds}: ${JSON.stringify(result)}`);
  }
  const column = (figure: keyof DrainRound) => results.map((one) => one[figure]);
  const row = (what: string, figure: keyof DrainRound) => [
    what,
    ...[median(column(figure)), Math.min(...column(figure)), Math.max(...column(figure))].map((one) =>
      significant(one),
    ),
  ];
  return {
    title: `Drain: ${size.devices} devices, ${size.talkers} of them talking, default pacing`,
    columns: ['of ws-connect', 'median', 'least', 'most'],
    rows: [
      row('duration s', 'durationSeconds'),
      row('closes/s', 'closesPerSecond'),
      row('closes in the busiest second', 'mostClosesInASecond'),
      row('worst event-loop lag before ms', 'lagBefore'),
      row('worst event-loop lag during ms', 'lagDuring'),
      row('callback p99 before ms', 'p99Before'),
      row('callback p99 during ms', 'p99During'),
      row('p99 during / before', 'p99Ratio'),
      row('slowest callback before ms', 'worstBefore'),
      row('slowest callback during ms', 'worstDuring'),
      row('one scrape of /metrics ms', 'scrape'),
      row("load generator's own lateness p99 before ms", 'latenessP99Before'),
      row("load generator's own lateness p99 during ms", 'latenessP99During'),
      row('callbacks answered 200 during', 'answeredDuring'),
      row('callbacks answered 404 as the device was closed', 'refusedDuring'),
    ],
    notes: [
      'Lag is ws_connect_event_loop_lag_seconds, the worst since the last scrape; its sampling interval of 10 ms and the stall of the scrape at the start are part of it.',
      'Callbacks go to the talking devices, so that they keep no other awake. From the intended time to the answer.',
      'Every 200 arrived, every 404 was for a device that was being closed, every device was closed with 1012, exit code 0.',
    ],
    data: results,
  };
}
