import type { ReceivedClose } from './device.ts';
import { Child } from './child.ts';

export type NativeFrame = { text: string } | { base64: string };

type Told = { open: true } | { frame: NativeFrame } | { close: ReceivedClose };

/** What the child runs: it says in JSON lines what its WebSocket sees. */
const script = `
  const tell = (what) => console.log(JSON.stringify(what));
  const ws = new WebSocket(process.argv[1]);
  ws.binaryType = 'arraybuffer';
  ws.onopen = () => tell({ open: true });
  ws.onmessage = ({ data }) =>
    tell({ frame: typeof data === 'string' ? { text: data } : { base64: Buffer.from(data).toString('base64') } });
  ws.onclose = ({ code, reason }) => tell({ close: { code, reason } });
`;

/** A device with another implementation of WebSocket: the one that comes with Node (undici), in a process of its own. */
export class NativeDevice {
  readonly child: Child;

  constructor(url: string) {
    const flags = ['--no-warnings', '--experimental-websocket'];
    this.child = new Child(process.execPath, [...flags, '-e', script, url]);
  }

  /** Connects device `deviceId` to the pod at `address` (`IP:PORT` of its device listener). */
  static async connect(address: string, deviceId: string): Promise<NativeDevice> {
    const device = new NativeDevice(`ws://${address}/connect?deviceId=${deviceId}`);
    await device.child.wrote('an open connection', () => device.#told.find((told) => 'open' in told));
    return device;
  }

  /** Resolves with the first `count` frames once they are here. */
  received(count: number): Promise<NativeFrame[]> {
    return this.child.wrote(`${count} frames`, () => {
      const frames = this.#told.flatMap((told) => ('frame' in told ? [told.frame] : []));
      return frames.length >= count ? frames.slice(0, count) : undefined;
    });
  }

  closed(): Promise<ReceivedClose> {
    return this.child.wrote('a close', () => this.#told.flatMap((told) => ('close' in told ? [told.close] : []))[0]);
  }

  get #told(): Told[] {
    return this.child.lines.map((line) => JSON.parse(line) as Told);
  }
}
