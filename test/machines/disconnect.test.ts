import { describe, expect, test } from 'vitest';
import * as machine from '../../machines/disconnect.ts';

const { disconnects, closedByPeer } = machine;

describe('the closes this side makes', () => {
  test('tell by the code of our own range whether the device may come back: 4000-4499 yes, 4500-4999 no', () => {
    const own = disconnects.filter(({ code }) => code >= 4000);

    expect(own.map(({ code, reconnect }) => ({ code, reconnect }))).toEqual(
      own.map(({ code }) => ({ code, reconnect: code < 4500 })),
    );
    expect(new Set(own.map(({ reconnect }) => reconnect))).toEqual(new Set([true, false]));
  });

  test('let the device come back after every code of the protocol itself', () => {
    const standard = disconnects.filter(({ code }) => code < 4000);

    expect(standard.filter(({ reconnect }) => !reconnect)).toEqual([]);
    expect(standard).not.toHaveLength(0);
  });

  test('have codes that an endpoint may send: 1000-1014 but for 1004, 1005 and 1006, or 4000-4999', () => {
    const codes = disconnects.map(({ code }) => code);

    const forbidden = codes.filter(
      (code) =>
        !((code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 4000 && code <= 4999)),
    );

    expect(forbidden).toEqual([]);
  });

  test('are listed in the order of their codes, each reason once', () => {
    const codes = disconnects.map(({ code }) => code);
    const reasons = disconnects.map(({ reason }) => reason);

    expect(codes).toEqual(codes.toSorted((a, b) => a - b));
    expect(reasons).toEqual([...new Set(reasons)]);
  });

  test('have a reason of one word that fits a close frame, 123 bytes', () => {
    for (const { reason } of disconnects) {
      expect(reason).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(123);
    }
  });

  test('are listed all: no disconnect of the file is missing', () => {
    const declared = Object.values(machine).filter((value) => typeof value === 'object' && 'code' in value);

    expect(new Set(declared)).toEqual(new Set(disconnects));
  });

  test('do not wait for the close frame of a device that is silent or reads nothing, and of no other', () => {
    const abrupt = disconnects.filter((disconnect) => disconnect.abrupt);

    expect(abrupt).toEqual([machine.silent, machine.slowReader]);
  });
});

test('a close by the device carries the code of the device and lets it come back', () => {
  const disconnect = closedByPeer(1001);

  expect(disconnect).toMatchObject({ code: 1001, reason: 'peer', reconnect: true });
});
