import type { Page } from 'playwright-core';
import { until } from '../until.ts';
import type { Frame, InteropDevice, SeenClose, Told } from './device.ts';

const script = (url: string, protocols: string[]) => `
  window.ws = new WebSocket(${JSON.stringify(url)}, ${JSON.stringify(protocols)});
  ws.binaryType = 'arraybuffer';
  ws.onopen = () => tell({ open: ws.protocol });
  ws.onmessage = ({ data }) =>
    tell({ frame: typeof data === 'string' ? { text: data } : { base64: btoa(String.fromCharCode(...new Uint8Array(data))) } });
  ws.onclose = ({ code, reason }) => tell({ close: { code, reason } });
`;

const bytesOf = (base64: string) => `Uint8Array.from(atob('${base64}'), (byte) => byte.charCodeAt(0))`;

/** A device with the WebSocket of the browser, in this page, which must be one of 127.0.0.1. */
export async function connectPage(page: Page, url: string, protocols: string[]): Promise<InteropDevice> {
  const told: Told[] = [];
  await page.exposeFunction('tell', (what: Told) => told.push(what));
  await page.evaluate(script(url, protocols));
  const device = new PageDevice(page, told);
  await device.opened();
  return device;
}

class PageDevice implements InteropDevice {
  readonly #page: Page;
  readonly #told: Told[];

  constructor(page: Page, told: Told[]) {
    this.#page = page;
    this.#told = told;
  }

  opened(): Promise<string> {
    return this.#first((told) => ('open' in told ? { it: told.open } : undefined));
  }

  received(count: number): Promise<Frame[]> {
    return until(() => {
      const frames = this.#told.flatMap((told) => ('frame' in told ? [told.frame] : []));
      return frames.length >= count && frames.slice(0, count);
    });
  }

  send(frame: Frame): void {
    const message = 'text' in frame ? JSON.stringify(frame.text) : bytesOf(frame.base64);
    void this.#page.evaluate(`ws.send(${message})`);
  }

  closed(): Promise<SeenClose> {
    return this.#first((told) => ('close' in told ? { it: told.close } : undefined));
  }

  async #first<T>(find: (told: Told) => { it: T } | undefined): Promise<T> {
    const { it } = await until(() => this.#told.map((told) => find(told)).find(Boolean));
    return it;
  }
}
