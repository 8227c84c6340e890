import { isDeviceId } from './device-id.ts';
import { DeviceClientError } from './device-client-error.ts';
import type { WebSocketConstructor } from './web-socket.ts';

export interface DeviceClientOptions {
  /** Where the pods are, `wss://HOST/connect` (or `ws:`). */
  url: string;
  /** 1 to 128 of `A-Z a-z 0-9 . _ : -`, and neither `.` nor `..`. */
  deviceId: string;
  /** The device's token, or what gets one: it is asked anew for every connection. None by default. */
  token?: string | (() => string | Promise<string>);
  /** The global one by default. Node 20 has none: give it the one of the package `ws`, which also lets silence be noticed. */
  WebSocket?: WebSocketConstructor;
  /** The first wait after a failure is a random time up to this, ms, and each further one up to twice as long. 1000 by default. */
  backoffBaseMs?: number;
  /** No wait is longer, ms. 30000 by default. */
  backoffMaxMs?: number;
  /** A connection that lasted so long, ms, makes up for all failures before it. 10000 by default. */
  stableAfterMs?: number;
  /** How long an attempt may take, from asking for a token to the pod's welcome, ms. 10000 by default. */
  connectTimeoutMs?: number;
}

const defaultTimes = {
  backoffBaseMs: 1000,
  backoffMaxMs: 30_000,
  stableAfterMs: 10_000,
  connectTimeoutMs: 10_000,
};

/** What is in use where the options say nothing. Throws a `DeviceClientError` for what cannot be. */
export function readOptions(options: DeviceClientOptions) {
  return {
    token: options.token,
    url: connectUrl(options.url, options.deviceId),
    WebSocket: options.WebSocket ?? globalWebSocket(),
    ...readTimes(options),
  };
}

interface Globals {
  WebSocket?: WebSocketConstructor;
  URL: new (url: string) => { protocol: string; hash: string; href: string; searchParams: Map<string, string> };
}

const globals = globalThis as unknown as Globals;

function connectUrl(text: string, deviceId: string): string {
  if (!isDeviceId(deviceId)) throw badOption('deviceId', deviceId, '1 to 128 of A-Z a-z 0-9 . _ : -');
  try {
    const url = new globals.URL(text);
    if (/^wss?:$/.test(url.protocol)) {
      url.searchParams.set('deviceId', deviceId);
      url.hash = '';
      return url.href;
    }
  } catch {
    // it is no URL at all
  }
  throw badOption('url', text, 'a URL that begins with ws:// or wss://');
}

function globalWebSocket(): WebSocketConstructor {
  const { WebSocket } = globals;
  if (WebSocket) return WebSocket;
  throw new DeviceClientError(
    'no-websocket',
    'There is no global WebSocket. Set the option WebSocket, for example to that of the package ws',
  );
}

function readTimes(options: DeviceClientOptions): typeof defaultTimes {
  const times = { ...defaultTimes };
  for (const name of Object.keys(times) as (keyof typeof times)[]) {
    const ms = options[name];
    if (ms === undefined) continue;
    if (!(ms >= 0 && ms < 2 ** 31)) throw badOption(name, ms, 'milliseconds from 0 to 2147483647'); // what timers can
    times[name] = ms;
  }
  return times;
}

function badOption(name: string, value: unknown, allowed: string): DeviceClientError {
  return new DeviceClientError('bad-option', `${name}: ${JSON.stringify(value)} is not allowed. Use ${allowed}`);
}
