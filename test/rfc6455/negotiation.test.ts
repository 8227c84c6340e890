import { describe, expect, it } from 'vitest';
import { withLines } from '../support/rfc6455/handshakes.ts';
import { RfcPod } from '../support/rfc6455/peer.ts';

const pod = new RfcPod();

describe('the subprotocol (RFC 6455 §4.2.2, §11.3.4)', () => {
  it.each([
    ['ws-connect.plain', 'ws-connect.plain'],
    ['ws-connect.v1', 'ws-connect.v1'],
    ['ws-connect.v1, ws-connect.plain', 'ws-connect.v1'],
    ['ws-connect.plain, ws-connect.v1', 'ws-connect.plain'],
    ['mqtt,ws-connect.plain', 'ws-connect.plain'],
    ['mqtt , soap , ws-connect.v1', 'ws-connect.v1'],
  ])('of "%s" is %s', async (offered, chosen) => {
    const { status, headers } = await pod.answerWith({ 'Sec-WebSocket-Protocol': offered });

    expect(status).toBe(101);
    expect(headers['sec-websocket-protocol']).toBe(chosen);
  });

  it.each(['mqtt', 'mqtt, soap', 'WS-CONNECT.V1', 'ws-connect', 'ws-connect.v2', '__proto__', 'toString'])(
    'of "%s" is none, and the device is let in',
    async (offered) => {
      const { status, headers } = await pod.answerWith({ 'Sec-WebSocket-Protocol': offered });

      expect(status).toBe(101);
      expect(headers).not.toHaveProperty('sec-websocket-protocol');
    },
  );

  it('is chosen from offers in several lines', async () => {
    const { headers } = await pod.answerTo(withLines('Sec-WebSocket-Protocol', ['mqtt', 'ws-connect.v1']));

    expect(headers['sec-websocket-protocol']).toBe('ws-connect.v1');
  });

  it.each(['', ',', 'mqtt,', ',mqtt', 'mqtt,,soap', 'mqtt soap', 'mqtt, mqtt', '"mqtt"', 'm/qtt'])(
    'is refused with 400 when the offer is malformed: "%s"',
    async (offered) => {
      expect(await pod.answerTo(withLines('Sec-WebSocket-Protocol', [offered]))).toMatchObject({ status: 400 });
    },
  );
});

describe('an extension is not accepted, and the device is let in without (RFC 6455 §9.1)', () => {
  it.each([
    'permessage-deflate',
    'permessage-deflate; client_max_window_bits; server_no_context_takeover',
    'permessage-deflate, permessage-bzip2',
    'x-webkit-deflate-frame',
    'foo; bar="baz"',
  ])('%s', async (offered) => {
    const { status, headers } = await pod.answerWith({ 'Sec-WebSocket-Extensions': offered });

    expect(status).toBe(101);
    expect(headers).not.toHaveProperty('sec-websocket-extensions');
  });
});
