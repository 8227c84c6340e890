import { alternate, compare } from './alternate.ts';
import { Fleet } from './load/fleet.ts';
import { clientFrame, opcodes } from './load/frames.ts';
import type { PartOptions, Section } from './section.ts';
import { ServerProcess } from './server-process.ts';
import type { Contender } from './servers/contenders.ts';
import { pause } from './within.ts';

const full = { devices: 1000, warmUpMs: 3000, measureMs: 5000 };
const quick = { devices: 100, warmUpMs: 300, measureMs: 500 };
type Size = typeof full;

const messageBytes = 200;
/** Messages in one write of a device; a ping follows, whose pong says that they were read. */
const messagesPerWrite = 10;

interface Messages {
  messagesPerSecond: number;
  /** CPU of the server, µs. */
  cpuPerMessage: number;
}

/** Closed loop: what a server pays for a message of a device. */
export async function messages(options: PartOptions): Promise<Section> {
  const size = options.quick ? quick : full;
  const results = await alternate(options, (contender) => messagesOnce(contender, size));
  return {
    title: `Messages of devices, closed loop: ${size.devices} devices, ${messageBytes} bytes each`,
    columns: ['server', 'messages/s', '× by-hand', 'CPU µs/message', '× by-hand'],
    rows: compare(results, [(one) => one.messagesPerSecond, (one) => one.cpuPerMessage]),
    notes: [
      `A device writes ${messagesPerWrite} messages and a ping at once, and writes again at the pong.`,
      'No server does anything with a message but take the device for alive.',
    ],
    data: results,
  };
}

async function messagesOnce(contender: Contender, { devices, warmUpMs, measureMs }: Size): Promise<Messages> {
  const server = await ServerProcess.start(contender);
  const fleet = new Fleet(server, contender.wire, devices);
  await fleet.connect();
  const text = contender.wire.pushed('m'.repeat(messageBytes)); // socket.io has events in both directions
  const message = clientFrame(opcodes.text, Buffer.from(text));
  const write = Buffer.concat([
    ...Array.from({ length: messagesPerWrite }, () => message),
    clientFrame(opcodes.ping, Buffer.alloc(0)),
  ]);
  let read = 0;
  for (const device of fleet.devices) {
    device.onPong = () => {
      read += messagesPerWrite;
      device.write(write);
    };
    device.write(write);
  }
  await pause(warmUpMs);
  const before = { at: performance.now(), read, cpu: server.cpuMicros() };
  await pause(measureMs);
  const count = read - before.read;
  const cpuPerMessage = (server.cpuMicros() - before.cpu) / count;
  const messagesPerSecond = (count / (performance.now() - before.at)) * 1000;
  fleet.destroy();
  await server.kill();
  if (count < devices * messagesPerWrite) throw new Error(`${contender.name} read ${count} messages only`);
  return { messagesPerSecond, cpuPerMessage };
}
