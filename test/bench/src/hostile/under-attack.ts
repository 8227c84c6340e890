import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { loadCore, pinned } from '../pinned.ts';
import { ServerProcess } from '../server-process.ts';
import { wsConnect } from '../servers/contenders.ts';
import { pause, within } from '../within.ts';
import type { FromAttacker, ToAttacker } from './attack.ts';
import { attacks } from './attacks.ts';
import type { LagReport } from './lag.ts';
import { Lag } from './lag.ts';
import { Witness } from './witness.ts';

export interface AttackOptions {
  name: string;
  /** The program to attack. */
  program: string;
  redis: string | undefined;
  /** How long the attacker goes on, ms. */
  attackMs: number;
}

export interface Outcome {
  peakRssBytes: number;
  worstLagMs: number;
  worstCallbackMs: number;
  /** What the attacker says of itself, and what else happened, in a few words. */
  result: string;
  witnessLagMs: number;
  callbacksAnswered: number;
}

const calmMs = 1000;
const prepareMs = 10_000;
const stopMs = 5000;
/** How long the pod may take to come to itself after the attack, ms. */
const settleMs = 10_000;
/** More than any pod needs: the machine is spared the rest. */
const maxRssBytes = 4e9;
const lookEveryMs = 50;
const monitor = new URL('monitor.js', import.meta.url).href;
const attackProcess = fileURLToPath(new URL('attack-process.js', import.meta.url));

/** Runs a pod with a quiet device, and attacks it. */
export async function underAttack(options: AttackOptions): Promise<Outcome> {
  const attacker = startAttacker(options);
  try {
    const { prepared } = (await said(attacker, prepareMs)) as Extract<FromAttacker, { prepared: unknown }>;
    const lag = new Lag();
    const pod = await ServerProcess.start({ ...wsConnect, program: options.program }, prepared.env, {
      nodeArgs: ['--import', monitor, ...(attacks[options.name]!.nodeArgs ?? [])],
      onMessage: (message) => lag.heard(message as LagReport),
    });
    const witness = await Witness.start(pod.ports, prepared.deviceHeaders);
    const outcome = await watch({ attacker, pod, lag, witness }, options.attackMs);
    witness.stop();
    await pod.kill();
    return outcome;
  } finally {
    attacker.kill('SIGKILL');
  }
}

interface Scene {
  attacker: ChildProcess;
  pod: ServerProcess;
  lag: Lag;
  witness: Witness;
}

async function watch({ attacker, pod, lag, witness }: Scene, attackMs: number): Promise<Outcome> {
  await pause(calmMs);
  lag.forget();
  witness.forget();
  const death = watchDeath(pod, lag, witness);
  const memory = { peakBytes: pod.peakRssBytes() };
  const look = () => {
    memory.peakBytes = Math.max(memory.peakBytes, pod.peakRssBytes());
    return death.end !== undefined || memory.peakBytes > maxRssBytes;
  };
  tellAttacker(attacker, { ports: pod.ports });
  await lookUntil(attackMs, look);
  tellAttacker(attacker, 'stop');
  const { result } = (await said(attacker, stopMs)) as Extract<FromAttacker, { result: string }>;
  const answered = witness.answered;
  await lookUntil(settleMs, () => look() || (!lag.isStanding && witness.answered > answered + 1));
  const { worstLagMs, worstCallbackMs } = death.end ?? { worstLagMs: lag.worstMs, worstCallbackMs: witness.worstMs };
  const notes = [
    result,
    death.end && `the pod died with ${death.end.code}`,
    !death.end && witness.closedWith && `the quiet device was closed with ${witness.closedWith}`,
    !death.end && String(witness.failures) !== 'none' && `callbacks to the quiet device: ${String(witness.failures)}`,
  ];
  return {
    peakRssBytes: memory.peakBytes,
    worstLagMs,
    worstCallbackMs,
    result: notes.filter(Boolean).join('; '),
    witnessLagMs: witness.ownLagMs,
    callbacksAnswered: witness.answered,
  };
}

/** What was measured when the pod died, if it does. */
function watchDeath(pod: ServerProcess, lag: Lag, witness: Witness) {
  const death: { end?: { code: string; worstLagMs: number; worstCallbackMs: number } } = {};
  const note = (code: number | null) => {
    death.end = { code: String(code ?? 'a signal'), worstLagMs: lag.worstMs, worstCallbackMs: witness.worstMs };
  };
  void pod.exited.then(note);
  return death;
}

async function lookUntil(ms: number, isOver: () => boolean): Promise<void> {
  const endsAt = performance.now() + ms;
  while (!isOver() && performance.now() < endsAt) await pause(lookEveryMs);
}

function startAttacker({ name, redis }: AttackOptions): ChildProcess {
  const [command, args] = pinned(loadCore, [attackProcess, name, redis ?? '']);
  return spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
}

function tellAttacker(attacker: ChildProcess, message: ToAttacker): void {
  attacker.send(message, () => {}); // one that has died says nothing, and that is noticed
}

async function said(attacker: ChildProcess, ms: number): Promise<FromAttacker> {
  const died = once(attacker, 'exit').then(() => Promise.reject(new Error('the attacker has died')));
  died.catch(() => {}); // only who waits cares
  const [message] = (await within(ms, 'a word of the attacker', Promise.race([once(attacker, 'message'), died]))) as [
    FromAttacker,
  ];
  return message;
}
