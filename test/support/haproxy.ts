import { request } from 'node:http';
import { fileURLToPath } from 'node:url';
import type { Balancer } from '../../src/rehearse/balancer.ts';
import { Program } from '../../src/rehearse/program.ts';
import { ServiceDns } from './dns.ts';
import { freePort } from './free-port.ts';
import { until } from './until.ts';

const configuration = fileURLToPath(new URL('../../k8s/haproxy/haproxy.cfg', import.meta.url));
const service = '_device._tcp.pods.test';

/** A real haproxy with the configuration we recommend, which finds the pods by the DNS of a headless Service. */
export async function openHaproxy(): Promise<Balancer> {
  const dns = await ServiceDns.start();
  const address = `127.0.0.1:${await freePort()}`;
  const program = new Program({
    command: 'haproxy',
    args: ['-db', '-f', configuration],
    env: {
      ...process.env,
      WS_CONNECT_BIND: address,
      WS_CONNECT_DNS: `127.0.0.1:${dns.port}`,
      WS_CONNECT_PODS: service,
    },
    onLine() {},
  });
  let isOver = false;
  const over = program.exited.then(() => (isOver = true));
  const reaches = async () => isOver || (await status(address)) === 404; // what a pod says to `GET /`
  return {
    address,
    async add(endpoint) {
      dns.endpoints.add(endpoint);
      await until(reaches);
      if (isOver) throw await program.failure('these tests need haproxy');
    },
    remove({ host, port }) {
      for (const endpoint of dns.endpoints) {
        if (endpoint.host === host && endpoint.port === port) dns.endpoints.delete(endpoint);
      }
    },
    async close() {
      await program.kill();
      await over;
      dns.close();
    },
  };
}

/** 0: no answer. */
function status(address: string): Promise<number> {
  return new Promise((resolve) => {
    const asked = request(`http://${address}/`, { agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode!);
    });
    asked.once('error', () => resolve(0));
    asked.end();
  });
}
