import { Ajv2020 } from 'ajv/dist/2020.js';
import { generateKeyPair } from 'jose';
import { expect, it } from 'vitest';
import type { Environment } from '../../src/config.ts';
import { asyncapi } from '../../src/documents/asyncapi.ts';
import { openapi } from '../../src/documents/openapi.ts';
import type { ProblemCode } from '../../src/http/problems.ts';
import type { TestPod } from '../support/pod.ts';
import type { RawAnswer } from '../support/raw-client.ts';
import { handshake, RawClient, requestHead } from '../support/raw-client.ts';
import { runDevice, runPod } from '../support/running.ts';
import { codeOf, inSeconds, jwtEnv, knock, tokenFor } from '../support/tokens.ts';

interface Refusal {
  code: ProblemCode;
  env?: Environment;
  request?: string;
  /** Instead of the request. */
  knock?: (pod: TestPod) => Promise<RawAnswer>;
}

const lamp = '/connect?deviceId=lamp-1';
const noKeys = { DEVICE_AUTH: 'jwt', DEVICE_JWKS_URL: 'http://127.0.0.1:1/jwks.json' };

const walk: Refusal[] = [
  { code: 'bad-request', request: 'hello\r\n\r\n' },
  { code: 'headers-too-large', request: handshake(lamp, { Cookie: 'x'.repeat(17_000) }) },
  { code: 'request-timeout', request: handshake(lamp).slice(0, -2) },
  { code: 'no-such-route', request: handshake('/') },
  { code: 'upgrade-required', request: requestHead('GET', lamp) },
  { code: 'bad-device-id', request: handshake('/connect') },
  { code: 'bad-handshake', request: handshake(lamp, { 'Sec-WebSocket-Key': undefined }) },
  { code: 'no-token', env: jwtEnv, request: handshake(lamp) },
  { code: 'bad-token', env: jwtEnv, knock: (pod) => knock(pod, 'nonsense') },
  {
    code: 'token-expired',
    env: jwtEnv,
    knock: async (pod) => knock(pod, await tokenFor('lamp-1', { claims: { exp: inSeconds(-60) } })),
  },
  { code: 'identity-not-allowed', env: jwtEnv, knock: async (pod) => knock(pod, await tokenFor('lamp-2')) },
  { code: 'auth-unavailable', env: noKeys, knock: async (pod) => knock(pod, await signed()) },
  {
    code: 'origin-not-allowed',
    env: { ALLOWED_ORIGINS: 'https://app.example.com' },
    request: handshake(lamp, { Origin: 'https://other.example.com' }),
  },
  { code: 'full', env: { MAX_CONNECTIONS: '1' }, knock: knockUntilRefused },
  { code: 'too-many-connects', env: { CONNECTS_PER_ADDRESS_PER_SECOND: '1' }, knock: knockUntilRefused },
  { code: 'too-fast', env: { ACCEPTS_PER_SECOND: '1' }, knock: knockUntilRefused },
  { code: 'draining', knock: knockAtDraining },
];

it('devices get every refusal that is documented and no other', async () => {
  const told = asyncapi()['x-refusals'];
  const produced = new Set<unknown>();
  const isProblem = new Ajv2020({ strict: false }).compile(openapi().components.schemas.Problem);

  for (const { code, env, request, knock: knockAt = (pod: TestPod) => send(pod, request!) } of walk) {
    const answer = await knockAt(await runPod(env));
    const { status, headers } = told.find((refusal) => refusal.code === code)!;
    expect.soft([answer.status, codeOf(answer)]).toEqual([status, code]);
    expect.soft(Object.keys(answer.headers)).toEqual(expect.arrayContaining((headers ?? []).map(lower)));
    expect.soft(isProblem(JSON.parse(answer.body)), code).toBe(true);
    produced.add(codeOf(answer));
  }

  expect(produced).toEqual(new Set(told.map(({ code }) => code)));
});

async function send(pod: TestPod, request: string): Promise<RawAnswer> {
  const client = await RawClient.connect(pod.device);
  client.send(request);
  return client.answer();
}

async function knockUntilRefused(pod: TestPod): Promise<RawAnswer> {
  for (let count = 1; ; count += 1) {
    const answer = await send(pod, handshake(`/connect?deviceId=lamp-${count}`));
    if (answer.status !== 101) return answer;
  }
}

async function knockAtDraining(pod: TestPod): Promise<RawAnswer> {
  await runDevice(pod);
  pod.pod.terminate();
  return send(pod, handshake(lamp));
}

/** By a key that has to be asked for. */
async function signed(): Promise<string> {
  const { privateKey } = await generateKeyPair('ES256');
  return tokenFor('lamp-1', { header: { alg: 'ES256', kid: 'unknown' }, key: privateKey });
}

function lower(name: string): string {
  return name.toLowerCase();
}
