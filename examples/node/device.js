#!/usr/bin/env node
/**
 * A device with the device client: prints what it is sent, and comes back whenever it may.
 *
 *   node examples/node/device.js ws://127.0.0.1:8080 lamp-1
 *
 * DEVICE_TOKEN is its token where the pods ask for one. Ends with 1 when it was told not to come back. Unlike the other
 * devices here it acknowledges what it gets, and moves to another pod before its own is gone.
 */
import { DeviceClient } from '@ws-connect/device-client';
import { WebSocket } from 'ws';

const [gateway, deviceId] = process.argv.slice(2);
if (!deviceId) {
  console.error('usage: device.js ws://HOST:PORT DEVICE');
  process.exit(2);
}

const token = process.env.DEVICE_TOKEN || undefined;
const client = new DeviceClient({ url: `${gateway}/connect`, deviceId, token, WebSocket });

// What a real device would act upon: a string for text, a Uint8Array for anything else.
client.on('message', ({ data }) => {
  console.log(typeof data === 'string' ? data : Buffer.from(data).toString('hex'));
});
client.on('connected', () => console.error('connected'));
client.on('disconnected', ({ code, reason }) => console.error(`closed: ${code} ${reason}`));
client.on('error', (error) => console.error(`${error.code}: ${error.message}`));
client.on('stopped', () => process.exit(1));
