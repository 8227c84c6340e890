import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { metric } from '../support/ask.ts';
import { clientFrame, closeFrame, closePayload, fragments, opcodes } from '../support/rfc6455/frames.ts';
import { closed, heardText, protocolError, RfcPod } from '../support/rfc6455/peer.ts';

const pod = new RfcPod();

const { text, binary, ping, pong, close } = opcodes;
const message = clientFrame({ opcode: text, payload: 'Hello' });
const longestReason = 123;

describe('a close frame is answered with its own code (RFC 6455 §5.5.1, §7.4)', () => {
  it.each([
    1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3001, 3999, 4000, 4429, 4503, 4999,
  ])('%i', async (code) => {
    expect(await pod.reaction(closeFrame(code))).toEqual(closed(code));
  });

  it('and without one when it has none', async () => {
    const peer = await pod.peer();
    peer.client.send(clientFrame({ opcode: close }));

    expect(await peer.frame()).toMatchObject({ opcode: close, payload: Buffer.alloc(0) });
  });

  it.each([
    ['of one byte', 'x'],
    ['of 122 bytes', 'x'.repeat(longestReason - 1)],
    ['of 123 bytes, the most there can be', 'x'.repeat(longestReason)],
    ['in UTF-8', 'auf Wiedersehen, κόσμε'],
    ['that ends with a code point of four bytes at byte 123', `${'x'.repeat(longestReason - 4)}𝄞`],
  ])('with a reason %s', async (_, reason) => {
    expect(await pod.reaction(closeFrame(1000, reason))).toEqual(closed(1000));
  });

  it('when it comes one byte a segment', async () => {
    const segments = [...closeFrame(4000, 'slowly')].map((byte) => Buffer.from([byte]));

    expect(await pod.reactionInSegments(segments)).toEqual(closed(4000));
  });
});

describe('a close frame closes with 1002', () => {
  it.each([
    0, 1, 500, 999, 1004, 1005, 1006, 1015, 1016, 1100, 1999, 2000, 2500, 2999, 5000, 5001, 9999, 32_768, 65_535,
  ])('with a code that no frame may have: %i', async (code) => {
    expect(await pod.reaction(closeFrame(code))).toEqual(protocolError);
  });

  it.each([1004, 1005, 1006, 1015, 2999, 5000])('with such a code and a reason: %i', async (code) => {
    expect(await pod.reaction(closeFrame(code, 'because'))).toEqual(protocolError);
  });

  it.each([0, 3, 255])('with half a code: the byte %i alone', async (byte) => {
    expect(await pod.reaction(clientFrame({ opcode: close, payload: Buffer.from([byte]) }))).toEqual(protocolError);
  });

  it('with a reason of 124 bytes', async () => {
    expect(await pod.reaction(closeFrame(1000, 'x'.repeat(longestReason + 1)))).toEqual(protocolError);
  });
});

describe('a reason that is no UTF-8 closes with 1007', () => {
  it.each([
    ['an impossible byte', 'ff'],
    ['a continuation byte', '80'],
    ['an overlong slash', 'c0af'],
    ['a surrogate', 'eda080'],
    ['more than U+10FFFF', 'f4908080'],
    ['a truncated code point', 'e282'],
    ['text, and then an impossible byte', '48656c6c6ffe'],
  ])('%s', async (_, hex) => {
    expect(await pod.reaction(closeFrame(1000, Buffer.from(hex, 'hex')))).toEqual(closed(1007));
  });

  it('a code point that is truncated at byte 123', async () => {
    const reason = Buffer.from(`${'x'.repeat(longestReason - 3)}𝄞`).subarray(0, longestReason);

    expect(await pod.reaction(closeFrame(1000, reason))).toEqual(closed(1007));
  });
});

describe('after a close frame nothing is heard or answered any more (RFC 6455 §5.5.1)', () => {
  it.each([
    ['a message', message],
    ['a message in fragments', Buffer.concat(fragments(text, ['Hel', 'lo']))],
    ['a ping', clientFrame({ opcode: ping, payload: 'still there?' })],
    ['a pong', clientFrame({ opcode: pong })],
    ['another close frame', closeFrame(4000)],
    ['an invalid frame', clientFrame({ opcode: 0x3, rsv: 7, key: null })],
    ['no frame at all', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ])('%s', async (_, bytes) => {
    const peer = await pod.peer();
    const reaction = await peer.reaction(closeFrame(1000), bytes);

    await peer.client.ended;

    expect(reaction).toEqual(closed(1000));
    expect(peer.client.received).toHaveLength(0);
    expect(peer.messages).toEqual([]);
  });

  it('a message in a segment of its own', async () => {
    const peer = await pod.peer();
    peer.client.send(closeFrame(1000));
    await peer.frame();
    peer.client.send(message);

    await peer.client.ended;

    expect(peer.messages).toEqual([]);
  });

  it('but a message before it is heard', async () => {
    expect(await pod.reaction(message, closeFrame(1000))).toEqual({ ...heardText('Hello'), close: 1000 });
  });
});

describe('the pod ends the TCP connection (RFC 6455 §7.1.1) and forgets the device', () => {
  it.each([
    ['the closing handshake', closeFrame(1000), closePayload(1000)],
    ['a protocol error, whose close frame the device never answers', clientFrame({ opcode: 0x3 }), closePayload(1002)],
    ['an invalid close frame', closeFrame(1005), closePayload(1002)],
  ])('after %s', async (_, bytes, payload) => {
    const peer = await pod.peer();
    peer.client.send(bytes);

    const frame = await peer.frame();
    await peer.client.ended;
    peer.client.socket.end();

    expect(frame).toMatchObject({ opcode: close, payload });
    expect(await pod.forgets(peer)).toBe(true);
  });

  it('after the device has ended it without a close frame, and sends none either', async () => {
    const peer = await pod.peer();
    peer.client.socket.end();

    await peer.client.ended;

    expect(await pod.forgets(peer)).toBe(true);
    expect(peer.client.received).toHaveLength(0);
  });
});

describe('after an error nothing is heard or answered any more (RFC 6455 §7.1.7)', () => {
  it.each([
    ['in the same segment', async () => {}],
    ['in a segment of its own', () => setImmediate()],
  ])('%s', async (_, between) => {
    const peer = await pod.peer();
    peer.client.send(clientFrame({ opcode: 0x3 }));
    await between();
    peer.client.send(Buffer.concat([message, clientFrame({ opcode: ping })]));

    const frame = await peer.frame();
    await peer.client.ended;

    expect(frame).toMatchObject({ opcode: close, payload: closePayload(1002) });
    expect(peer.client.received).toHaveLength(0);
    expect(peer.messages).toEqual([]);
  });
});

// What the device is told and what the operator is told are the same.
describe('a close is counted under the code that the device has got', () => {
  it.each([
    ['a reserved opcode', 1002, clientFrame({ opcode: 0x3 })],
    ['an unmasked frame', 1002, clientFrame({ opcode: text, key: null })],
    ['an invalid close code', 1002, closeFrame(1005)],
    ['a text that is no UTF-8', 1007, clientFrame({ opcode: text, payload: Buffer.from([0xff]) })],
    ['a reason that is no UTF-8', 1007, closeFrame(1000, Buffer.from([0xff]))],
    ['a length of 2^32', 1009, clientFrame({ opcode: binary, saidLength: 2n ** 32n })],
    ['a length of 2^53', 1009, clientFrame({ opcode: binary, saidLength: 2n ** 53n })],
    ['a length of 2^63', 1009, clientFrame({ opcode: binary, saidLength: 2n ** 63n })],
  ])('%s: %i', async (_, code, bytes) => {
    const words: Record<number, string> = { 1002: 'protocol-error', 1007: 'invalid-text', 1009: 'message-too-big' };
    const series = `ws_connect_closes_total{code="${code}",reason="${words[code]}"}`;
    const before = await metric(pod.pod.admin, series);
    const peer = await pod.peer();

    const reaction = await peer.reaction(bytes);
    peer.client.socket.end();
    await pod.forgets(peer);

    expect(reaction).toEqual(closed(code));
    expect((await metric(pod.pod.admin, series)) - before).toBe(1);
  });
});
