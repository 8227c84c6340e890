import { describe, expect, it } from 'vitest';
import { envelope } from '../../../src/connections/protocol/envelope.ts';
import { plain } from '../../../src/connections/protocol/plain.ts';
import { chooseSubprotocol, protocolOf } from '../../../src/connections/protocol/subprotocols.ts';

describe('the subprotocol to echo', () => {
  it.each([
    [['ws-connect.v1'], 'ws-connect.v1'],
    [['ws-connect.plain'], 'ws-connect.plain'],
    [['ws-connect.plain', 'ws-connect.v1'], 'ws-connect.plain'],
    [['ws-connect.v2', 'bearer.abc', 'ws-connect.v1', 'ws-connect.plain'], 'ws-connect.v1'],
    [['ws-connect.v2', 'constructor'], false],
    [[], false],
  ])('of %j is %j: the first one known', (offered, chosen) => {
    expect(chooseSubprotocol(new Set(offered))).toBe(chosen);
  });
});

it.each([
  ['ws-connect.v1', envelope],
  ['ws-connect.plain', plain],
  ['', plain],
])('a connection with subprotocol %j speaks its protocol, or plain', (name, protocol) => {
  expect(protocolOf(name)).toBe(protocol);
});
