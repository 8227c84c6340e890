import { ask } from './api.ts';
import type { Confirm } from './confirm.ts';
import { byId, setRows, setText } from './dom.ts';
import { clockTime, count, duration, plural } from './format.ts';
import { sumBelow } from './history.ts';
import type { DrainReport, Overview } from './wire.ts';

const outcomes: Record<DrainReport['outcome'], string> = {
  drained: 'Drained: all connections have ended',
  deadline: 'The drain was ended by force',
  failed: 'The supervisor of the connections failed',
};

/** The plan of the drain, the button that starts it, and how far it is. Returns what draws it anew. */
export function showDrain(confirm: Confirm): (overview: Overview) => void {
  const start = byId('drain-start', HTMLButtonElement);
  let latest: Overview | undefined;
  const begin = async () => {
    if (latest && (await confirm(questionOf(latest)))) await drain();
  };
  start.addEventListener('click', () => void begin());
  return (overview) => {
    if (latest && latest.startedAt !== overview.startedAt) setText(byId('drain-outcome', HTMLParagraphElement), ''); // of the pod before
    latest = overview;
    const { drain: progress, plan } = overview;
    setText(byId('drain-plan', HTMLParagraphElement), planInWords(plan));
    start.disabled = progress.phase !== 'serving';
    byId('drain-progress', HTMLDivElement).hidden = progress.phase === 'serving';
    if (progress.phase !== 'serving') showProgress(overview);
  };
}

async function drain(): Promise<void> {
  const said = byId('drain-outcome', HTMLParagraphElement);
  setText(said, 'The drain has begun.');
  const { body, refused } = await ask<DrainReport>('/pre-stop', { method: 'POST' }); // answers when it is over
  setText(said, refused ? `The outcome is unknown: ${refused.detail}.` : outcomeInWords(body));
}

function showProgress({ at, drain: progress, plan, states, sweepsDone }: Overview): void {
  const { phase, sweep, sweeps, closedIdle, closedActive, remaining, startedAt, deadline } = progress;
  const isOver = phase === 'stopped';
  const usedMs = Date.parse(at) - Date.parse(startedAt ?? at);
  const leftMs = Date.parse(deadline ?? at) - Date.parse(at);
  const unregistered = sumBelow(states, 'connecting') + sumBelow(states, 'unverified');
  const closing = sumBelow(states, 'leaving') + sumBelow(states, 'closing');
  const [idle, active] = [states['registered.idle'] ?? 0, states['registered.active'] ?? 0];
  const facts: Record<string, string> = {
    sweep: `${sweep} of ${sweeps}`,
    left: isOver ? 'ended' : `${duration(leftMs)} at most`,
    remaining: count(remaining),
    idle: count(idle),
    active: count(active),
    unregistered: count(unregistered),
    closing: count(closing),
    closed: `${count(closedIdle)} idle, ${count(closedActive)} active`,
  };
  for (const [name, text] of Object.entries(facts)) setText(byId(`drain-${name}`, HTMLElement), text);
  byId('drain-bar', HTMLProgressElement).value = isOver ? 1 : Math.min(1, usedMs / plan.forcedAfterMs);
  const rows = sweepsDone.toReversed().map((done) => ({
    key: String(done.sweep),
    cells: [
      done.sweep > sweeps ? 'the rest' : String(done.sweep),
      clockTime(done.at),
      count(done.idle),
      count(done.closed),
      count(done.remaining),
    ],
  }));
  setRows(byId('sweeps', HTMLTableSectionElement), rows);
}

function planInWords({ sweeps, intervalMs, minBatch, pace, longestMs, forcedAfterMs }: Overview['plan']): string {
  const share =
    pace === 'burst'
      ? 'all of them at once'
      : `at most ${count(minBatch)}, or an even share of the remaining connections if that is more`;
  return (
    `At most ${plural(sweeps, 'sweep')}, one every ${seconds(intervalMs)}. Each sweep closes idle connections, those that were idle longest first: ${share}. ` +
    `After the last sweep the pod closes the remaining connections. A drain takes at most ${seconds(longestMs)}. After ${seconds(forcedAfterMs)} it is ended by force.`
  );
}

function questionOf({ podId, connections, plan }: Overview) {
  return {
    title: 'Drain this pod?',
    text:
      `Pod ${podId} stops accepting devices, closes its ${plural(connections, 'connection')} within ` +
      `${seconds(plan.longestMs)}, and ends its process. You cannot undo this.`,
    action: 'Drain the pod',
  };
}

function outcomeInWords({ outcome, sweeps, closedIdle, closedActive, remaining, durationMs }: DrainReport): string {
  return (
    `${outcomes[outcome]}. ${plural(sweeps, 'sweep')}, ${count(closedIdle)} idle and ${count(closedActive)} active closed, ` +
    `${count(remaining)} remaining, ${duration(durationMs)}.`
  );
}

function seconds(ms: number): string {
  return `${ms / 1000} s`;
}
