import { fileURLToPath } from 'node:url';
import { runRehearsal } from '../../src/rehearse/command.ts';
import { openHaproxy } from '../support/haproxy.ts';

/** `ws-connect rehearse` behind a real haproxy with the configuration of k8s/haproxy/haproxy.cfg instead of the balancer it brings. */
const main = fileURLToPath(new URL('../../dist/src/main.js', import.meta.url));
const program = { command: process.execPath, args: [main] };
process.exit(await runRehearsal(process.argv.slice(2), { program, openBalancer: openHaproxy }));
