import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { CredentialStore, hopToken, proofOf } from '@ws-connect/callback-client/internal/pod-proof';
import { isCallbackToken } from '../../src/config/auth-settings.ts';

const token = 'the-first-S3cret-token';
const pod = { podId: '7e1c', serverIp: '10.0.0.7', port: 8081 };

describe('what is derived from a token', () => {
  it('is an HMAC that any language can make', () => {
    const hmac = (text: string) => createHmac('sha256', token).update(text).digest('base64url');

    expect(hopToken(token, pod)).toBe(hmac('ws-connect-hop-v1:7e1c@10.0.0.7:8081'));
    expect(proofOf(token, pod)).toBe(hmac('ws-connect-proof-v1:7e1c@10.0.0.7:8081'));
  });

  it('names an IPv6 address as in a URL', () => {
    const hmac = createHmac('sha256', token).update('ws-connect-hop-v1:7e1c@[fd00::7]:8081').digest('base64url');

    expect(hopToken(token, { ...pod, serverIp: 'fd00::7' })).toBe(hmac);
  });

  it('fits an Authorization header', () => {
    expect(isCallbackToken(hopToken(token, pod))).toBe(true);
  });

  it.each([
    ['of another token', 'the-second-S3cret-token', pod],
    ['for another pod', token, { ...pod, podId: '7e1d' }],
    ['for another address', token, { ...pod, serverIp: '10.0.0.8' }],
    ['for another port', token, { ...pod, port: 8082 }],
  ])('is not the same %s', (_what, otherToken, otherPod) => {
    const mine = [hopToken(token, pod), proofOf(token, pod)];
    const theirs = [hopToken(otherToken, otherPod), proofOf(otherToken, otherPod)];

    expect(new Set([...mine, ...theirs]).size).toBe(4);
  });
});

describe('the credentials for a pod', () => {
  it('are its podId alone when there is no token', () => {
    expect(new CredentialStore().for(pod, undefined)).toEqual({ authorization: undefined, proofs: ['7e1c'] });
  });

  it('are its hop token and the proof, and never its podId', () => {
    const expected = { authorization: `Bearer ${hopToken(token, pod)}`, proofs: [proofOf(token, pod)] };

    expect(new CredentialStore().for(pod, token)).toEqual(expected);
  });

  it('may be its podId too where pods are not asked for tokens yet', () => {
    expect(new CredentialStore(true).for(pod, token).proofs).toEqual([proofOf(token, pod), '7e1c']);
  });

  it('are worked out once for a token and a pod', () => {
    const store = new CredentialStore();
    const first = store.for(pod, token);

    expect(store.for({ ...pod }, token)).toBe(first);
    expect(store.for(pod, `${token}2`)).not.toBe(first);
    expect(store.for({ ...pod, podId: '7e1d' }, token)).not.toBe(first);
  });
});
