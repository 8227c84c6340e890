import { describe, expect, it } from 'vitest';
import type { Message } from '@ws-connect/device-client';
import { runClient } from '../../support/device-client.ts';
import { ScriptedPod } from '../../support/scripted-pod.ts';
import { until } from '../../support/until.ts';

/** A connected client nobody listens to yet. */
async function startConnected() {
  const pod = await ScriptedPod.start();
  const recorded = runClient(pod.url);
  const side = await pod.greeted();
  await recorded.heard('connected');
  return { pod, recorded, side };
}

const ack = (id: string) => ({ type: 'ack', id });

/** A listener that is busy with each message until `done` or `fail` is called. */
function busyListener() {
  const begun: string[] = [];
  const ends: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const listener = ({ id }: Message) => {
    begun.push(id);
    return new Promise<void>((resolve, reject) => ends.push({ resolve, reject }));
  };
  return {
    begun,
    listener,
    done: () => ends.shift()!.resolve(),
    fail: () => ends.shift()!.reject(new Error('no luck')),
  };
}

describe('a message', () => {
  it.each([
    ['text', { data: 'grüß dich' }, 'grüß dich'],
    ['no text', { data: '' }, ''],
    ['bytes', { data: undefined, base64: 'AP+ACg==', contentType: '' }, Uint8Array.of(0, 255, 128, 10)],
    ['no bytes', { data: undefined, base64: '' }, new Uint8Array()],
  ])('of %s has them as its data', async (_, fields, data) => {
    const { recorded, side } = await startConnected();

    side.push('m-1', fields);
    const message = await recorded.takeMessages().heard('message');

    expect(message.data).toEqual(data);
  });

  it('has its id, its type and the trace it belongs to', async () => {
    const { recorded, side } = await startConnected();
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

    side.push('m-1', { contentType: 'application/json', data: '{"on": true}', traceparent });
    side.push('m-2');
    await recorded.takeMessages().heard('message', 2);

    expect(recorded.told('message')).toEqual([
      { id: 'm-1', contentType: 'application/json', data: '{"on": true}', traceparent },
      { id: 'm-2', contentType: 'text/plain', data: 'data of m-2' },
    ]);
  });

  it('is acknowledged when every listener is done, if the service waits for that', async () => {
    const { recorded, side } = await startConnected();
    const busy = busyListener();
    recorded.takeMessages();
    recorded.client.on('message', busy.listener);

    side.push('m-1', { ack: true });
    side.push('m-2');
    await until(() => busy.begun.length === 2);
    expect(side.frames).toEqual([]);
    busy.done();
    busy.done();
    await side.received(1);
    recorded.client.send('the end');

    expect(await side.received(2)).toEqual([ack('m-1'), { type: 'message', data: 'the end' }]);
  });

  it('is not acknowledged when a listener throws, and the error says why', async () => {
    const { recorded, side } = await startConnected();
    recorded.client.on('message', () => {
      throw new Error('no luck');
    });

    side.push('m-1', { ack: true });
    const error = await recorded.heard('error');
    recorded.client.send('the end');

    expect(error).toMatchObject({ code: 'handler-failed', cause: { message: 'no luck' } });
    expect(error.message).toContain('m-1');
    expect(await side.received(1)).toEqual([{ type: 'message', data: 'the end' }]);
  });

  it('is not acknowledged when nobody listens', async () => {
    const { recorded, side } = await startConnected();

    side.push('m-1', { ack: true });
    const error = await recorded.heard('error');
    side.push('m-1', { ack: true });
    await recorded.takeMessages().heard('message');

    expect(error).toMatchObject({ code: 'handler-failed' });
    expect(await side.received(1)).toEqual([ack('m-1')]);
  });
});

describe('a copy of a message', () => {
  it('that was handled is acknowledged, and not given to the app', async () => {
    const { recorded, side } = await startConnected();
    recorded.takeMessages();

    side.push('m-1');
    await recorded.heard('message');
    side.push('m-1', { ack: true });
    await side.received(1);

    expect(side.frames).toEqual([ack('m-1')]);
    expect(recorded.told('message')).toHaveLength(1);
  });

  it('that is being handled is acknowledged when that is done', async () => {
    const { recorded, side } = await startConnected();
    const busy = busyListener();
    recorded.client.on('message', busy.listener);

    side.push('m-1');
    side.push('m-1', { ack: true });
    side.push('m-2');
    await recorded.takeMessages().heard('message');
    expect(side.frames).toEqual([]);
    busy.done();

    expect(await side.received(1)).toEqual([ack('m-1')]);
    expect(busy.begun).toEqual(['m-1', 'm-2']);
  });

  it('that was not handled well is handled anew', async () => {
    const { recorded, side } = await startConnected();
    const busy = busyListener();
    recorded.client.on('message', busy.listener);

    side.push('m-1', { ack: true });
    await recorded.takeMessages().heard('message');
    busy.fail();
    await recorded.heard('error');
    side.push('m-1', { ack: true });
    await recorded.heard('message', 2);
    busy.done();

    expect(await side.received(1)).toEqual([ack('m-1')]);
    expect(busy.begun).toEqual(['m-1', 'm-1']);
  });

  it('is known among the last thousand messages, and no longer', async () => {
    const { recorded, side } = await startConnected();
    recorded.takeMessages();

    for (let number = 1; number <= 1001; number += 1) side.push(`m-${number}`);
    side.push('m-2');
    side.push('m-1');
    await recorded.heard('message', 1002);

    expect(recorded.told('message').slice(1000)).toMatchObject([{ id: 'm-1001' }, { id: 'm-1' }]);
  });
});

describe('a frame', () => {
  it.each(['hello', 'null', '{"type":"message"}', '{"type":"message","id":"m-1"}', '{"type":"message","data":"x"}'])(
    'like %s is an error, and the connection goes on',
    async (frame) => {
      const { recorded, side } = await startConnected();

      side.send(frame);
      side.push('m-2');
      await recorded.takeMessages().heard('message');

      expect(recorded.told('error')).toMatchObject([{ code: 'bad-frame' }]);
      expect(recorded.data).toEqual(['data of m-2']);
    },
  );

  it('with bytes that are no base64 is an error', async () => {
    const { recorded, side } = await startConnected();

    side.push('m-1', { data: undefined, base64: '***' });

    expect(await recorded.heard('error')).toMatchObject({ code: 'bad-frame' });
  });

  it('of a kind from the future, or a second welcome, is ignored', async () => {
    const { recorded, side } = await startConnected();

    side.send({ type: 'tea', milk: true });
    side.welcome();
    side.push('m-1');
    await recorded.takeMessages().heard('message');

    expect(recorded.told('error')).toEqual([]);
    expect(recorded.told('connected')).toHaveLength(1);
  });
});
