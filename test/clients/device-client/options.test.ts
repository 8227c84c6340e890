import { WebSocket } from 'ws';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { DeviceClientOptions } from '../../../src/clients/device-client/device-client.ts';
import { DeviceClient, DeviceClientError } from '../../../src/clients/device-client/device-client.ts';
import { readOptions } from '../../../src/clients/device-client/options.ts';

const good: DeviceClientOptions = { url: 'wss://gateway.example.com/connect', deviceId: 'lamp-1', WebSocket };

/** What `new DeviceClient` throws for these options. */
function refusal(options: DeviceClientOptions): unknown {
  try {
    new DeviceClient(options).close();
    return undefined;
  } catch (error) {
    return error;
  }
}

it('the defaults are those of the documentation', () => {
  expect(readOptions(good)).toEqual({
    url: 'wss://gateway.example.com/connect?deviceId=lamp-1',
    token: undefined,
    WebSocket,
    backoffBaseMs: 1000,
    backoffMaxMs: 30_000,
    stableAfterMs: 10_000,
    connectTimeoutMs: 10_000,
  });
});

it('what is given counts, 0 too', () => {
  const given = { backoffBaseMs: 0, backoffMaxMs: 1, stableAfterMs: 2, connectTimeoutMs: 2_147_483_647 };

  expect(readOptions({ ...good, ...given })).toMatchObject(given);
});

it.each<[string, Partial<DeviceClientOptions>]>([
  ['deviceId', { deviceId: '' }],
  ['deviceId', { deviceId: 'two words' }],
  ['deviceId', { deviceId: '..' }],
  ['url', { url: '' }],
  ['url', { url: '/connect' }],
  ['url', { url: 'https://gateway.example.com/connect' }],
  ['backoffBaseMs', { backoffBaseMs: -1 }],
  ['backoffMaxMs', { backoffMaxMs: Number.NaN }],
  ['stableAfterMs', { stableAfterMs: Infinity }],
  ['connectTimeoutMs', { connectTimeoutMs: 2 ** 31 }],
])('a bad %s is refused by name: %j', (name, options) => {
  const error = refusal({ ...good, ...options });

  expect(error).toBeInstanceOf(DeviceClientError);
  expect(error).toMatchObject({
    code: 'bad-option',
    message: expect.stringMatching(new RegExp(`^${name}: .* is not allowed`)),
  });
});

it('where there is no global WebSocket one has to be given', () => {
  const { WebSocket: _, ...without } = good;
  vi.stubGlobal('WebSocket', undefined); // as on Node 20; later ones have it
  onTestFinished(() => void vi.unstubAllGlobals());

  expect(refusal(without)).toMatchObject({ code: 'no-websocket' });
});

it('where there is a global WebSocket it is used', () => {
  const { WebSocket: given, ...without } = good;
  vi.stubGlobal('WebSocket', given);
  onTestFinished(() => void vi.unstubAllGlobals());

  expect(readOptions(without).WebSocket).toBe(given);
});
