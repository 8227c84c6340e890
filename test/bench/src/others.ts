import { readdirSync, readFileSync } from 'node:fs';

/** Starts to watch what the rest of the machine does. Returns how many cores it has kept busy since, on average. */
export function watchOthers(): () => number {
  const before = sample();
  return () => {
    const after = sample();
    return Math.max(0, (after.othersTicks - before.othersTicks) / (after.ticks - before.ticks));
  };
}

/** In ticks; `ticks` is time on the clock. See proc(5). */
function sample(): { othersTicks: number; ticks: number } {
  const lines = readFileSync('/proc/stat', 'latin1').split('\n');
  const cores = lines.filter((line) => /^cpu\d/.test(line)).length;
  const [user, nice, system, idle, ioWait, irq, softIrq, steal] = lines[0]!.split(/\s+/).slice(1).map(Number);
  const busy = user! + nice! + system! + irq! + softIrq! + steal!;
  return { othersTicks: busy - familyTicks(), ticks: (busy + idle! + ioWait!) / cores };
}

/** What this process and all below it have used, the ended ones included. */
function familyTicks(): number {
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap(readProcess);
  const ticksFrom = (pid: number): number =>
    processes.reduce((sum, { parent, ...child }) => (parent === pid ? sum + ticksFrom(child.pid) : sum), usedBy(pid));
  const usedBy = (pid: number) => processes.find((one) => one.pid === pid)?.used ?? 0;
  return ticksFrom(process.pid);
}

/** None: it has just ended. */
function readProcess(name: string): { pid: number; parent: number; used: number }[] {
  try {
    const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const used = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    return [{ pid: Number(name), parent: Number(fields[1]), used }];
  } catch {
    return [];
  }
}
