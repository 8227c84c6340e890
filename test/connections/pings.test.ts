import { describe, expect, it } from 'vitest';
import { ask, push } from '../support/ask.ts';
import { frame, RawClient } from '../support/raw-client.ts';
import { runPod } from '../support/running.ts';
import { until } from '../support/until.ts';

const ping = 9;
const pong = 0x8a;

/** The application data of the pongs that came, and of those that come until one has this text. */
async function pongsUntil(client: RawClient, last: string): Promise<string[]> {
  const pongs: string[] = [];
  while (pongs.at(-1) !== last) {
    const [opcode, length] = await client.bytes(2);
    if (opcode !== pong) throw new Error(`frame ${opcode} instead of a pong`);
    pongs.push((await client.bytes(length!)).toString());
  }
  return pongs;
}

describe('a device that pings', () => {
  it.each([2, 61, 1000, 20_000])('%i times in one write is answered the last one, and stays', async (count) => {
    const pod = await runPod();
    const client = await RawClient.device(pod.device, 'lamp-1');
    const pings = Array.from({ length: count }, (_, index) => frame(ping, `ping ${index}`));

    client.send(Buffer.concat(pings));
    const pongs = await pongsUntil(client, `ping ${count - 1}`);

    expect(pongs.length).toBeLessThanOrEqual(count);
    expect(pongs).toEqual(pongs.toSorted((one, other) => Number(one.slice(5)) - Number(other.slice(5))));
    expect((await push(pod.callback, 'lamp-1')).status).toBe(200);
  });

  it('and waits for each answer gets the application data of each back', async () => {
    const pod = await runPod();
    const client = await RawClient.device(pod.device, 'lamp-1');

    for (const text of ['', 'one', 'x'.repeat(125)]) {
      client.send(frame(ping, text));

      expect(await pongsUntil(client, text)).toEqual([text]);
    }
  });

  it('and reads nothing costs the pod no more than one pong that waits', async () => {
    const pod = await runPod();
    const client = await RawClient.device(pod.device, 'lamp-1');
    client.socket.pause();
    const pings = Buffer.concat(Array.from({ length: 1000 }, () => frame(ping, 'x'.repeat(125))));
    const connection = async () => (await ask(pod.admin, '/connections/lamp-1')).json as { bytes: Bytes };

    const sent = 50_000_000;
    for (let bytes = 0; bytes < sent; bytes += pings.length) {
      if (!client.socket.write(pings)) await new Promise((resolve) => client.socket.once('drain', resolve));
    }
    const { bytes } = await until(async () => {
      const now = await connection();
      return now.bytes.received >= sent && now;
    });

    expect(bytes.waiting).toBeLessThan(1000);
  });
});

interface Bytes {
  received: number;
  waiting: number;
}
