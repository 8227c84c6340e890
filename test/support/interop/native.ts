import { ProcessDevice } from './process-device.ts';

const script = `
  const tell = (what) => console.log(JSON.stringify(what));
  const [url, ...protocols] = process.argv.slice(1);
  const ws = new WebSocket(url, protocols);
  ws.binaryType = 'arraybuffer';
  ws.onopen = () => tell({ open: ws.protocol });
  ws.onmessage = ({ data }) =>
    tell({ frame: typeof data === 'string' ? { text: data } : { base64: Buffer.from(data).toString('base64') } });
  ws.onclose = ({ code, reason }) => {
    tell({ close: { code, reason } });
    process.stdin.destroy();
  };
  require('node:readline').createInterface(process.stdin).on('line', (line) => {
    const { text, base64 } = JSON.parse(line);
    ws.send(text ?? Buffer.from(base64, 'base64'));
  });
`;

/** A device with the WebSocket that comes with Node (undici). */
export async function connectNative(url: string, protocols: string[] = []): Promise<ProcessDevice> {
  const flags = ['--no-warnings', '--experimental-websocket'];
  const device = new ProcessDevice(process.execPath, [...flags, '-e', script, url, ...protocols]);
  await device.opened();
  return device;
}
