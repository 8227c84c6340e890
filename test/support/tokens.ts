import { createSecretKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import type { CryptoKey, JWTHeaderParameters } from 'jose';
import { onTestFinished } from 'vitest';
import { Device } from './device.ts';
import type { TestPod } from './pod.ts';
import type { RawAnswer } from './raw-client.ts';
import { handshake, RawClient } from './raw-client.ts';

export const secret = 'the-secret-of-this-fleet-is-S3cret';

/** A pod that asks devices for tokens made with `secret`. */
export const jwtEnv = { DEVICE_AUTH: 'jwt', DEVICE_JWT_SECRET: secret };

/** Seconds since 1970, as they stand in a token. */
export function inSeconds(seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds;
}

export interface TokenOptions {
  /** Claims that replace those of a proper token; undefined leaves one out. */
  claims?: Record<string, unknown>;
  header?: JWTHeaderParameters;
  key?: KeyObject | CryptoKey;
}

/** A token of this device, good for a minute. */
export function tokenFor(deviceId: string, { claims = {}, header, key }: TokenOptions = {}): Promise<string> {
  const token = new SignJWT({ sub: deviceId, exp: inSeconds(60), ...claims });
  return token.setProtectedHeader(header ?? { alg: 'HS256' }).sign(key ?? createSecretKey(Buffer.from(secret)));
}

/** What the pod says to lamp-1 with this token, and these headers instead of it if need be. */
export async function knock(
  pod: TestPod,
  token: string | undefined,
  headers: Record<string, string> = {},
): Promise<RawAnswer> {
  const client = await RawClient.connect(pod.device);
  const authorization: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  client.send(handshake('/connect?deviceId=lamp-1', { ...authorization, ...headers }));
  return client.answer();
}

/** The `code` of a refusal. */
export function codeOf({ body }: RawAnswer): unknown {
  return body === '' ? undefined : (JSON.parse(body) as { code: unknown }).code;
}

/** A device with a token. It is gone at the end of the test. */
export async function runKnownDevice(pod: TestPod, deviceId: string, token: string): Promise<Device> {
  const url = `ws://${pod.device}/connect?deviceId=${deviceId}`;
  const device = new Device(url, [], { headers: { Authorization: `Bearer ${token}` } });
  onTestFinished(() => device.vanish());
  await device.opened;
  return device;
}
