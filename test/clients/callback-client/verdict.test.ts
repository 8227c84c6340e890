import { describe, expect, it } from 'vitest';
import { judge, retryAfterOf } from '../../../packages/callback-client/src/verdict.ts';

describe('an answer', () => {
  it.each([
    [200, undefined, { outcome: 'delivered' }],
    [404, 'not-connected', { outcome: 'offline' }],
    [404, 'no-such-route', { outcome: 'refused', status: 404, code: 'no-such-route' }],
    [400, 'invalid-text', { outcome: 'refused', status: 400, code: 'invalid-text' }],
    [401, 'bad-token', { outcome: 'refused', status: 401, code: 'bad-token' }],
    [412, 'other-connection', { outcome: 'refused', status: 412, code: 'other-connection' }],
    [413, 'body-too-large', { outcome: 'refused', status: 413, code: 'body-too-large' }],
    [422, 'no-ack', { outcome: 'refused', status: 422, code: 'no-ack' }],
    [409, 'moved', { outcome: 'unavailable', code: 'moved' }],
    [429, 'too-fast', { outcome: 'unavailable', code: 'too-fast' }],
    [503, 'backpressure', { outcome: 'unavailable', code: 'backpressure' }],
    [503, 'registry-unavailable', { outcome: 'unavailable', code: 'registry-unavailable' }],
    [503, 'owner-unreachable', { outcome: 'unknown', code: 'owner-unreachable' }],
    [504, 'delivery-timeout', { outcome: 'unknown', code: 'delivery-timeout' }],
    [504, 'ack-timeout', { outcome: 'unknown', code: 'ack-timeout' }],
    [500, 'internal-error', { outcome: 'unknown', code: 'internal-error' }],
    [502, undefined, { outcome: 'unknown', code: 'status-502' }],
  ])('%i %s is what the contract says', (status, code, verdict) => {
    expect(judge({ status, code })).toMatchObject(verdict);
  });

  it('says that the device acknowledged, and which connection it was', () => {
    const verdict = judge({ status: 200, outcome: 'acked', traceId: 'a', podId: 'b' });

    expect(verdict).toEqual({ outcome: 'acked', traceId: 'a', podId: 'b' });
  });
});

describe('Retry-After', () => {
  it.each([
    ['7', 7000],
    ['0', 0],
    [new Date(12_000).toUTCString(), 2000],
    [new Date(8000).toUTCString(), 0],
    ['soon', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%s is as many ms from now', (header, ms) => {
    expect(retryAfterOf(header, 10_000)).toBe(ms);
  });
});
