import type { Attack } from './attack.ts';
import { floodAsDevices } from './sockets.ts';
import { BufferedCounter } from './tally.ts';

const writeBytes = 65_536;

/** A masked frame of a client, by the first byte of its head (RFC 6455 §5.2), with a payload of less than 126 bytes. */
function frame(first: number, payload: string): Buffer {
  return Buffer.from([first, 0x80 | payload.length, 0, 0, 0, 0, ...Buffer.from(payload)]);
}

/** As many of these frames, one after the other, as fit into one write. */
function fill(...frames: Buffer[]): Buffer {
  const one = Buffer.concat(frames);
  return Buffer.concat(Array.from({ length: Math.floor(writeBytes / one.length) }, () => one));
}

const wholeBinary = 0x82;
const firstText = 0x01;
const nextFragment = 0x00;
const ping = 0x89;

function attack(title: string, devices: { count: number; first?: Buffer; bytes: Buffer }): Attack {
  return {
    title,
    prepare: () => ({
      async run({ devicePort }, signal) {
        const tally = new BufferedCounter();
        const sent = await floodAsDevices(devicePort, { ...devices, tally }, signal);
        return `sent ${Math.round(sent / 1e6).toLocaleString('en')} MB; ${String(tally)}`;
      },
    }),
  };
}

export const deviceAttacks = {
  'tiny-frames': attack('100 devices send binary frames of 1 byte as fast as they can', {
    count: 100,
    bytes: fill(frame(wholeBinary, 'x')),
  }),
  fragments: attack('100 devices send fragments of 1 and 0 bytes that never end a message', {
    count: 100,
    first: frame(firstText, 'x'),
    bytes: fill(frame(nextFragment, 'x'), frame(nextFragment, '')),
  }),
  'empty-fragments': attack('100 devices send empty fragments that never end a message', {
    count: 100,
    first: frame(firstText, 'x'),
    bytes: fill(frame(nextFragment, '')),
  }),
  pings: attack('20 devices send pings as fast as they can', { count: 20, bytes: fill(frame(ping, 'ping')) }),
};
