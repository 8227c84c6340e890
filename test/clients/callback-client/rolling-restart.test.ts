import { expect, it, onTestFinished } from 'vitest';
import type { CallbackClient, SendResult } from '@ws-connect/callback-client';
import { runClient } from '../../support/callback-clients.ts';
import { Device } from '../../support/device.ts';
import type { Fleet } from '../../support/fleet.ts';
import { startFleet } from '../../support/fleet.ts';
import { startProcess } from '../../support/process.ts';
import { until } from '../../support/until.ts';

const drain = { IDLE_AFTER_MS: '100', DRAIN_SWEEPS: '4', DRAIN_INTERVAL_MS: '100', RECONNECT_SPREAD_MS: '200' };
const deviceIds = Array.from({ length: 4 }, (_, index) => `lamp-${index}`);

/** A device that comes back whenever it is closed, to any pod that takes it, and writes down all that it ever got. */
class FaithfulDevice {
  readonly received = new Set<string>();
  #isOver = false;
  #current: Device | undefined;

  /** It begins with the pod of this number. */
  constructor(deviceId: string, fleet: Fleet, first: number) {
    void this.#live(deviceId, fleet, first);
    onTestFinished(() => {
      this.#isOver = true;
      this.#current?.vanish();
    });
  }

  async #live(deviceId: string, { pods }: Fleet, first: number): Promise<void> {
    for (let turn = first; !this.#isOver; turn += 1) {
      try {
        const device = await Device.connect(pods[turn % pods.length]!.device, deviceId);
        this.#current = device;
        device.socket.on('message', (data: Buffer) => this.received.add(data.toString()));
        for (const { data } of device.frames) this.received.add(data.toString());
        await device.closed;
      } catch {
        // refused by a pod that drains or is not there: the next one will do
      }
    }
  }
}

/** Ends each pod as Kubernetes does, one after the other, and starts another at its place. */
async function rollAll(fleet: Fleet, settings: Record<string, string>): Promise<void> {
  for (const [index, pod] of fleet.pods.entries()) {
    await (await fetch(`${pod.admin}/pre-stop`)).text();
    await pod.process.exited;
    const process = startProcess({ HOST: `127.0.0.${index + 2}`, REDIS_URL: fleet.redis.url, ...settings });
    fleet.pods[index] = { process, ...(await process.ready()) };
  }
}

interface Sent {
  text: string;
  deviceId: string;
  result: SendResult;
}

function podsOf(sent: Sent[]): Set<string> {
  return new Set(sent.flatMap(({ result }) => ('podId' in result ? [result.podId] : [])));
}

/** Sends to all devices, one message after the other to each, until told to stop. */
function sendAllTheTime(client: CallbackClient) {
  const sent: Sent[] = [];
  const stopped = new AbortController();
  const sendTo = async (deviceId: string) => {
    for (let count = 1; !stopped.signal.aborted; count += 1) {
      const text = `${deviceId} ${count}`;
      const patience = { deadlineMs: 15_000, reconnectWaitMs: 15_000 };
      sent.push({ text, deviceId, result: await client.send(deviceId, text, { id: `m-${count}`, ...patience }) });
    }
  };
  const senders = Promise.all(deviceIds.map(sendTo));
  const stop = async () => {
    stopped.abort();
    await senders;
    return sent;
  };
  /** Resolves once this many pods have answered. */
  const answeredBy = (count: number) => until(() => podsOf(sent).size >= count);
  return { answeredBy, stop };
}

it.each(['directed', 'undirected'])(
  'a rolling restart loses none of the messages sent meanwhile: %s',
  async (mode) => {
    const settings = { ...drain, ...(mode === 'undirected' && { CALLBACK_PORT: '18081' }) };
    const fleet = await startFleet(3, settings);
    const devices = new Map(deviceIds.map((deviceId, index) => [deviceId, new FaithfulDevice(deviceId, fleet, index)]));
    await until(async () => (await fleet.entries()).length === deviceIds.length);
    const client = runClient(
      mode === 'directed' ? { redis: fleet.redis.client } : { pods: fleet.pods.map(({ callback }) => callback) },
    );
    const sending = sendAllTheTime(client);

    await rollAll(fleet, settings);
    await sending.answeredBy(4); // one of the new pods, too
    const sent = await sending.stop();

    const failed = sent.filter(({ result }) => result.outcome !== 'delivered');
    expect(failed).toEqual([]);
    await until(() => sent.every(({ deviceId, text }) => devices.get(deviceId)!.received.has(text)));
  },
  60_000,
);
