/** The attacker, in a process of its own, so that what it computes does not count as the pod's delay. */
import { once, setMaxListeners } from 'node:events';
import type { ServerPorts } from '../server-process.ts';
import type { FromAttacker, ToAttacker } from './attack.ts';
import { attacks } from './attacks.ts';

process.on('disconnect', () => process.exit(1));

const [name, redis] = process.argv.slice(2);
const { env, deviceHeaders, run } = await attacks[name!]!.prepare(redis ?? '');
const stopping = new AbortController();
setMaxListeners(0, stopping.signal); // every socket waits for it
const tell = (message: FromAttacker) => process.send!(message);

/** Tells the result when it is asked to stop, though it may have nothing to do any more before. */
async function attack(ports: ServerPorts): Promise<void> {
  const result = await run(ports, stopping.signal);
  if (!stopping.signal.aborted) await once(stopping.signal, 'abort');
  tell({ result });
}

process.on('message', (message: ToAttacker) => {
  if (message === 'stop') stopping.abort();
  else void attack(message.ports);
});
tell({ prepared: { env, deviceHeaders } });
