import { describe, expect, it } from 'vitest';
import { resultsOf } from '../support/batch.ts';
import { runDevice, runPod } from '../support/running.ts';

const hello = { deviceId: 'lamp-1', data: 'hello' };

describe('a line that cannot be meant so', () => {
  const long = 'x'.repeat(65_537);

  it.each<[string, object | string, Record<string, unknown>]>([
    ['is no JSON', '{"deviceId":', { deviceId: null, status: 400, code: 'bad-json' }],
    [
      'is not UTF-8',
      Buffer.from('{"deviceId":"lamp-1","data":"\xff"}', 'latin1'),
      { deviceId: null, status: 400, code: 'bad-json' },
    ],
    ['is no object', '[]', { deviceId: null, status: 400, code: 'bad-json' }],
    ['is null', 'null', { deviceId: null, status: 400, code: 'bad-json' }],
    ['is for nobody', { data: 'x' }, { deviceId: null, status: 400, code: 'bad-fields' }],
    ['is for an empty list', { deviceIds: [], data: 'x' }, { deviceId: null, status: 400, code: 'bad-fields' }],
    ['is for what is no list', { deviceIds: 'a', data: 'x' }, { deviceId: null, status: 400, code: 'bad-fields' }],
    ['says both', { ...hello, deviceIds: ['a'] }, { deviceId: 'lamp-1', status: 400, code: 'bad-fields' }],
    ['has no content', { deviceId: 'lamp-1' }, { deviceId: 'lamp-1', status: 400, code: 'bad-fields' }],
    ['has two contents', { ...hello, base64: '' }, { deviceId: 'lamp-1', status: 400, code: 'bad-fields' }],
    ['has data that is no text', { ...hello, data: 5 }, { deviceId: 'lamp-1', status: 400, code: 'bad-fields' }],
    ['has a field nobody knows', { ...hello, ack: true }, { deviceId: 'lamp-1', status: 400, code: 'bad-fields' }],
    ['has a bad id', { ...hello, id: 'a b' }, { deviceId: 'lamp-1', status: 400, code: 'bad-message-id' }],
    ['has an id that is no text', { ...hello, id: 5 }, { deviceId: 'lamp-1', status: 400, code: 'bad-message-id' }],
    ['has a bad type', { ...hello, contentType: 'a\n' }, { deviceId: 'lamp-1', status: 400, code: 'bad-content-type' }],
    [
      'has a type that is none',
      { ...hello, contentType: 1 },
      { deviceId: 'lamp-1', status: 400, code: 'bad-content-type' },
    ],
    ['has half a character', { ...hello, data: '\ud83d' }, { deviceId: 'lamp-1', status: 400, code: 'invalid-text' }],
    ['is too large', { ...hello, data: long }, { deviceId: 'lamp-1', status: 413, code: 'body-too-large' }],
    [
      'is too large in UTF-8',
      { ...hello, data: 'ä'.repeat(32_769) },
      { deviceId: 'lamp-1', status: 413, code: 'body-too-large' },
    ],
    ['is too long', { ...hello, data: long + long }, { deviceId: null, status: 413, code: 'line-too-long' }],
    [
      'has too many devices',
      { deviceIds: Array(1001).fill('a'), data: 'x' },
      { deviceId: null, status: 400, code: 'too-many-devices' },
    ],
  ])('because it %s has its own result, and the others go on', async (_what, line, refusal) => {
    const pod = await runPod();
    const device = await runDevice(pod);

    const results = await resultsOf(pod.callback, hello, '', line, hello);

    const good = { deviceId: 'lamp-1', status: 200 };
    expect(results).toEqual([good, { ...refusal, line: 3 }, good]);
    expect(await device.received(2)).toHaveLength(2);
  });

  it.each(['A', 'AA', 'AA=', 'AAA', '====', 'AA==AA==', 'A A=', 'AA-_', 'AAAA\n', 5])(
    'because %j is no base64 is a 400',
    async (base64) => {
      const pod = await runPod();

      const results = await resultsOf(pod.callback, { deviceId: 'lamp-1', base64 });

      const code = typeof base64 === 'string' ? 'bad-base64' : 'bad-fields';
      expect(results).toEqual([{ deviceId: 'lamp-1', status: 400, code, line: 1 }]);
    },
  );

  it.each(['', '.', '..', 'a/b', 'x'.repeat(129), 'lämp'])('because %j is no deviceId is a 400', async (deviceId) => {
    const pod = await runPod();

    const results = await resultsOf(pod.callback, { deviceId, data: 'x' });

    expect(results).toEqual([{ deviceId, status: 400, code: 'bad-device-id' }]);
  });

  it('because its bytes are no text, and its type says text, is a 400', async () => {
    const pod = await runPod();
    await runDevice(pod);

    const results = await resultsOf(pod.callback, { deviceId: 'lamp-1', base64: '/w==', contentType: 'text/x' });

    expect(results).toEqual([{ deviceId: 'lamp-1', status: 400, code: 'invalid-text' }]);
  });
});
