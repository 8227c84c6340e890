import { describe, expect, it } from 'vitest';
import { clientFrame, fragments, opcodes } from '../support/rfc6455/frames.ts';
import { closed, heardBinary, heardText, RfcPod } from '../support/rfc6455/peer.ts';

const pod = new RfcPod();

const { text, binary } = opcodes;
const invalidText = closed(1007);
const textOf = (payload: Buffer | string) => clientFrame({ opcode: text, payload });

describe('a text in UTF-8 comes whole (RFC 6455 §5.6, RFC 3629)', () => {
  it.each([
    ['the first code point of one byte, U+0000', '\u0000'],
    ['the last of one byte, U+007F', '\u007f'],
    ['the first of two bytes, U+0080', '\u0080'],
    ['the last of two bytes, U+07FF', '\u07ff'],
    ['the first of three bytes, U+0800', '\u0800'],
    ['the last before the surrogates, U+D7FF', '\ud7ff'],
    ['the first after the surrogates, U+E000', '\ue000'],
    ['the replacement character, U+FFFD', '\ufffd'],
    ['the noncharacter U+FFFE', '\ufffe'],
    ['the last of three bytes, U+FFFF', '\uffff'],
    ['the first of four bytes, U+10000', '\u{10000}'],
    ['the noncharacter U+1FFFE', '\u{1fffe}'],
    ['the noncharacter U+8FFFF', '\u{8ffff}'],
    ['the last code point there is, U+10FFFF', '\u{10ffff}'],
    ['a byte order mark, which stays', '\ufeffHello'],
    ['a combining character', 'cafe\u0301'],
    ['Greek', 'κόσμε'],
    ['Hebrew', 'שלום עולם'],
    ['Chinese', '你好,世界'],
    ['emoji that are joined', '👩‍👩‍👧‍👦'],
    ['characters of all four lengths', 'Hello-µ@ßöäüàá-€𝄞-UTF-8!!'],
  ])('%s', async (_, content) => {
    expect(await pod.reaction(textOf(content))).toEqual(heardText(content));
  });
});

const mixed = Buffer.from('aé€𝄞z'); // code points of 1, 2, 3, 4 and 1 bytes
const offsets = Array.from({ length: mixed.length - 1 }, (_, index) => index + 1);
const bytesOf = (bytes: Buffer) => [...bytes].map((byte) => Buffer.from([byte]));

describe('a text with code points of several bytes comes whole', () => {
  it.each(offsets)('in two fragments cut after byte %i', async (offset) => {
    const frames = fragments(text, [mixed.subarray(0, offset), mixed.subarray(offset)]);

    expect(await pod.reaction(...frames)).toEqual(heardText(mixed));
  });

  it.each(offsets)('in two TCP segments cut after byte %i of its payload', async (offset) => {
    const frame = textOf(mixed);
    const end = frame.length - mixed.length + offset;

    expect(await pod.reactionInSegments([frame.subarray(0, end), frame.subarray(end)])).toEqual(heardText(mixed));
  });

  it('in fragments of one byte', async () => {
    expect(await pod.reaction(...fragments(text, bytesOf(mixed)))).toEqual(heardText(mixed));
  });

  it('in fragments of one byte, each in a TCP segment of its own', async () => {
    expect(await pod.reactionInSegments(fragments(text, bytesOf(mixed)))).toEqual(heardText(mixed));
  });

  it('in TCP segments of one byte', async () => {
    expect(await pod.reactionInSegments(bytesOf(textOf(mixed)))).toEqual(heardText(mixed));
  });
});

const notUtf8: [string, string][] = [
  ['a continuation byte alone, the first', '80'],
  ['a continuation byte alone, the last', 'bf'],
  ['two continuation bytes', '80bf'],
  ['seven continuation bytes', '80bf80bf80bf80'],
  ['a first byte of two and a space', 'c320'],
  ['a first byte of three and a space', 'e220'],
  ['a first byte of four and a space', 'f020'],
  ['the first byte of five that RFC 3629 no longer has', 'f888808080'],
  ['the first byte of six that RFC 3629 no longer has', 'fc8480808080'],
  ['two bytes, truncated', 'c3'],
  ['three bytes, truncated after one', 'e2'],
  ['three bytes, truncated after two', 'e282'],
  ['four bytes, truncated after one', 'f0'],
  ['four bytes, truncated after two', 'f09d'],
  ['four bytes, truncated after three', 'f09d84'],
  ['the impossible byte FE', 'fe'],
  ['the impossible byte FF', 'ff'],
  ['impossible bytes together', 'fefeffff'],
  ['a slash, overlong in two bytes', 'c0af'],
  ['a slash, overlong in three bytes', 'e080af'],
  ['a slash, overlong in four bytes', 'f08080af'],
  ['a slash, overlong in five bytes', 'f8808080af'],
  ['a slash, overlong in six bytes', 'fc80808080af'],
  ['the largest overlong of two bytes', 'c1bf'],
  ['the largest overlong of three bytes', 'e09fbf'],
  ['the largest overlong of four bytes', 'f08fbfbf'],
  ['U+0000, overlong in two bytes', 'c080'],
  ['U+0000, overlong in three bytes', 'e08080'],
  ['U+0000, overlong in four bytes', 'f0808080'],
  ['the first high surrogate', 'eda080'],
  ['the last private high surrogate', 'edafbf'],
  ['the first low surrogate', 'edb080'],
  ['the last low surrogate', 'edbfbf'],
  ['a pair of surrogates', 'eda080edb080'],
  ['the last pair of surrogates', 'edafbfedbfbf'],
  ['U+110000, one more than there are', 'f4908080'],
  ['U+13FFFF', 'f4bfbfbf'],
  ['U+140000', 'f5808080'],
  ['U+1FFFFF', 'f7bfbfbf'],
];

describe.each(notUtf8)('what is no UTF-8 closes with 1007: %s', (_, hex) => {
  const bytes = Buffer.from(hex, 'hex');

  it('alone', async () => {
    expect(await pod.reaction(textOf(bytes))).toEqual(invalidText);
  });

  it('at the end of a text', async () => {
    expect(await pod.reaction(textOf(Buffer.concat([Buffer.from('κόσμε'), bytes])))).toEqual(invalidText);
  });

  it('in the last fragment of a text', async () => {
    expect(await pod.reaction(...fragments(text, ['κόσμε', bytes]))).toEqual(invalidText);
  });

  it('but is right as a binary message', async () => {
    expect(await pod.reaction(clientFrame({ opcode: binary, payload: bytes }))).toEqual(heardBinary(bytes));
  });
});

describe('a text in fragments', () => {
  it('that ends within a code point closes with 1007', async () => {
    const frames = fragments(text, ['Hello ', Buffer.from('e282', 'hex')]);

    expect(await pod.reaction(...frames)).toEqual(invalidText);
  });

  it('whose second one does not go on with the code point of the first closes with 1007', async () => {
    const frames = fragments(text, [Buffer.from('e282', 'hex'), 'Hello']);

    expect(await pod.reaction(...frames)).toEqual(invalidText);
  });

  it('after one that is right closes with 1007, and the first is heard', async () => {
    const frames = [textOf('Hello'), ...fragments(text, ['Hel', Buffer.from('ff', 'hex')])];

    expect(await pod.reaction(...frames)).toEqual({ ...heardText('Hello'), close: 1007 });
  });
});
