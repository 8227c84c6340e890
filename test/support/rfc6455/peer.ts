import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll } from 'vitest';
import type { Environment } from '../../../src/config.ts';
import { stateOf } from '../ask.ts';
import type { TestPod } from '../pod.ts';
import { startPod } from '../pod.ts';
import type { RawAnswer } from '../raw-client.ts';
import { handshake, RawClient } from '../raw-client.ts';
import { until } from '../until.ts';
import type { ServerFrame } from './frames.ts';
import { clientFrame, opcodes, parseServerFrame } from './frames.ts';
import { path } from './handshakes.ts';
import { messageText, recordHeard } from './heard.ts';

/** What a pod has done about the bytes of a device. */
export interface Reaction {
  /** The messages it has heard, as `messageText` has them. */
  messages: string[];
  /** The payloads of its pongs. */
  pongs: Buffer[];
  /** The code of its close frame; 1005: the frame has none; undefined: the connection is open. */
  close: number | undefined;
}

/** What ends a case: its pong comes after everything else, because frames are answered in their order. */
const lastPing = 'that was all';

/** A device that sends the bytes it is told to, well-formed or not, and reads the frames that come back. */
export class Peer {
  readonly deviceId: string;
  readonly client: RawClient;
  readonly #heard: Map<string, string[]>;

  constructor(deviceId: string, client: RawClient, heard: Map<string, string[]>) {
    this.deviceId = deviceId;
    this.client = client;
    this.#heard = heard;
    client.socket.setNoDelay(true);
  }

  /** The messages that the pod has heard so far. */
  get messages(): string[] {
    return this.#heard.get(this.deviceId) ?? [];
  }

  /** The next frame of the pod. Throws when the connection ends before. */
  frame(): Promise<ServerFrame> {
    return this.client.take('a frame', parseServerFrame);
  }

  /** Sends these bytes in one write. */
  async reaction(...bytes: Buffer[]): Promise<Reaction> {
    this.client.send(Buffer.concat([...bytes, clientFrame({ opcode: opcodes.ping, payload: lastPing })]));
    return await this.settled();
  }

  /** Sends these pieces in TCP segments of their own: the pod reads one before the next is sent. */
  async reactionInSegments(segments: readonly Buffer[]): Promise<Reaction> {
    for (const segment of segments) {
      this.client.send(segment);
      await setImmediate(); // the pod is in this process: its turn to read
      await setImmediate();
    }
    return await this.reaction();
  }

  /** Reads until the pod has answered the last ping, or has closed. */
  async settled(): Promise<Reaction> {
    const pongs: Buffer[] = [];
    for (;;) {
      const { opcode, payload } = await this.frame();
      if (opcode === opcodes.close) return this.#reaction(pongs, payload.length < 2 ? 1005 : payload.readUInt16BE(0));
      if (opcode === opcodes.pong && String(payload) === lastPing) return this.#reaction(pongs, undefined);
      if (opcode === opcodes.pong) pongs.push(payload);
    }
  }

  #reaction(pongs: Buffer[], close: number | undefined): Reaction {
    return { messages: this.messages, pongs, close };
  }
}

/** A pod for all tests of a file. */
export class RfcPod {
  pod!: TestPod;
  /** What the devices of this file have said so far. */
  heard!: Map<string, string[]>;
  #devices = 0;

  constructor(env: Environment = {}) {
    beforeAll(async () => {
      this.heard = recordHeard();
      this.pod = await startPod({ LOG_LEVEL: 'warn', ...env });
    });
    afterAll(async () => {
      await this.pod.stop();
    });
  }

  /** A device that no other test has. */
  async peer(): Promise<Peer> {
    this.#devices += 1;
    const deviceId = `peer-${this.#devices}`;
    return new Peer(deviceId, await RawClient.device(this.pod.device, deviceId), this.heard);
  }

  /** What the pod does about these bytes of a new device. */
  async reaction(...bytes: Buffer[]): Promise<Reaction> {
    const peer = await this.peer();
    return await peer.reaction(...bytes);
  }

  /** As `Peer.reactionInSegments`, with a new device. */
  async reactionInSegments(segments: readonly Buffer[]): Promise<Reaction> {
    const peer = await this.peer();
    return await peer.reactionInSegments(segments);
  }

  /** What the pod answers to these bytes on a new connection. */
  async answerTo(bytes: string): Promise<RawAnswer> {
    const client = await RawClient.connect(this.pod.device);
    client.send(bytes);
    return await client.answer();
  }

  /** What the pod answers to a handshake with these headers in place of its own. */
  answerWith(headers: Record<string, string | undefined>): Promise<RawAnswer> {
    return this.answerTo(handshake(path, headers));
  }

  /** Resolves with true once the pod has no connection of this device any more. */
  forgets({ deviceId }: Peer): Promise<true> {
    return until(async () => (await stateOf(this.pod.callback, deviceId)) === undefined);
  }
}

/** The pod has heard this text, and goes on. */
export function heardText(...texts: (string | Buffer)[]): Reaction {
  return goesOn(false, texts);
}

/** The pod has heard these bytes, and goes on. */
export function heardBinary(...messages: (string | Buffer)[]): Reaction {
  return goesOn(true, messages);
}

function goesOn(binary: boolean, messages: (string | Buffer)[]): Reaction {
  return { messages: messages.map((data) => messageText(binary, Buffer.from(data))), pongs: [], close: undefined };
}

/** The pod has heard no message, and goes on. */
export const nothing: Reaction = { messages: [], pongs: [], close: undefined };

/** The pod has heard no message, and closes. */
export function closed(code: number): Reaction {
  return { ...nothing, close: code };
}

/** RFC 6455 §7.4.1: a protocol error. */
export const protocolError = closed(1002);
