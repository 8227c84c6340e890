import { onTestFinished } from 'vitest';
import { Device } from './device.ts';
import type { TestPod } from './pod.ts';

/** A device that speaks `ws-connect.v1` and writes down the envelopes it gets. */
export class EnvelopeDevice extends Device {
  /** Connects to the pod at this address. It is gone at the end of the test. */
  static async run({ device: address }: Pick<TestPod, 'device'>, deviceId = 'lamp-1'): Promise<EnvelopeDevice> {
    const device = new EnvelopeDevice(`ws://${address}/connect?deviceId=${deviceId}`, ['ws-connect.v1']);
    onTestFinished(() => device.vanish());
    await device.opened;
    return device;
  }

  /** The envelopes so far. */
  get envelopes(): Record<string, unknown>[] {
    return this.frames.map(({ data }) => JSON.parse(data.toString()) as Record<string, unknown>);
  }

  /** Resolves with the first envelope of this type, also one of the past. */
  async heard(type: string): Promise<Record<string, unknown>> {
    for (let count = 1; ; count += 1) {
      await this.received(count);
      const envelope = this.envelopes[count - 1]!;
      if (envelope['type'] === type) return envelope;
    }
  }

  /** From now on every message that wants an acknowledgement gets one. */
  acknowledgeAll(): this {
    this.socket.on('message', (data: Buffer) => {
      const { ack, id } = JSON.parse(data.toString()) as { ack?: boolean; id: string };
      if (ack) this.acknowledge(id);
    });
    return this;
  }

  acknowledge(id: unknown): void {
    this.send(JSON.stringify({ type: 'ack', id }));
  }
}
