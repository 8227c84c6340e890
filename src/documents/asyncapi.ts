/** The AsyncAPI 3.0 document of the device listener: how to connect, what goes over the connection, and how it ends. */
import { z } from 'zod';
import type { Disconnect } from '../../machines/disconnect.ts';
import { disconnects, invalidText, messageTooBig, protocolError, restarting } from '../../machines/disconnect.ts';
import { deviceId } from '../schemas.ts';
import { ackFrame, deviceMessageFrame, goawayFrame, messageFrame, welcomeFrame } from '../device/protocol/frames.ts';
import { refusals } from '../device/refusals.ts';
import { kindOf } from '../http/problems.ts';
import { version } from '../version.ts';

const frames = { welcome: welcomeFrame, message: messageFrame, goaway: goawayFrame };
const deviceFrames = { deviceMessage: deviceMessageFrame, ack: ackFrame };

export function asyncapi() {
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'ws-connect, the device side',
      version,
      license: { name: 'MIT' },
      description: 'Close codes follow one rule: 4000 to 4499 reconnect, 4500 to 4999 do not.',
    },
    defaultContentType: 'application/json',
    servers: {
      devices: {
        host: '{host}',
        protocol: 'ws',
        description:
          'The device port, through the load balancer. The load balancer asks for `GET /healthz` there; the pod answers 200 if it accepts new devices.',
        variables: { host: { default: '127.0.0.1:8080' } },
        security: [{ $ref: '#/components/securitySchemes/token' }],
      },
    },
    channels: { plain: plainChannel(), envelope: envelopeChannel() },
    operations: operations(),
    components: {
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description:
            'Needed if the pods run with `DEVICE_AUTH=jwt`. The claim `sub` is the deviceId. Browsers send the token as one more subprotocol, `bearer.TOKEN`.',
        },
      },
    },
    'x-refusals': refusals.map((code) => ({ code, ...kindOf(code) })),
    'x-close-codes': disconnects.map(closeCode),
  };
}

function plainChannel() {
  const payload = { description: 'Any bytes.' };
  return {
    address: '/connect',
    title: 'Plain mode',
    description:
      'No subprotocol, or `ws-connect.plain`. Every frame to the device is one message of a service: text for `text/*` and `application/json`, binary for everything else. Every frame from the device is one message of the device.',
    servers: [{ $ref: '#/servers/devices' }],
    messages: {
      toDevice: { contentType: 'application/octet-stream', payload },
      fromDevice: { contentType: 'application/octet-stream', payload },
    },
    bindings: { ws: handshake(z.literal('ws-connect.plain').optional()) },
  };
}

function envelopeChannel() {
  const messages = Object.entries({ ...frames, ...deviceFrames }).map(([name, schema]) => [
    name,
    { name, payload: schemaOf(schema) },
  ]);
  return {
    address: '/connect',
    title: 'Envelope mode',
    description:
      'The subprotocol `ws-connect.v1`: JSON text frames. The pod closes the connection with 1003 after any other frame.',
    servers: [{ $ref: '#/servers/devices' }],
    messages: Object.fromEntries(messages) as object,
    bindings: { ws: handshake(z.literal('ws-connect.v1')) },
  };
}

/** These the WebSocket library closes itself, without a word. */
const wordless = [protocolError, invalidText, messageTooBig];

/** `reason` as it stands in the frame. */
function closeCode(disconnect: Disconnect) {
  const { code, when, reconnect } = disconnect;
  const word = wordless.includes(disconnect) ? '' : disconnect.reason;
  return { code, reason: disconnect === restarting ? '{"reconnectAfterMs":N}' : word, when, reconnect };
}

/** What a request for a connection carries. */
function handshake(subprotocol: z.ZodType) {
  return {
    method: 'GET',
    query: schemaOf(z.object({ deviceId })),
    headers: schemaOf(z.looseObject({ 'Sec-WebSocket-Protocol': subprotocol, Origin: z.string().optional() })),
    bindingVersion: '0.1.0',
  };
}

/** As AsyncAPI has it, `send` is what the pod does. */
function operations() {
  const operation = (action: 'send' | 'receive', channel: string, names: string[]) => ({
    action,
    channel: { $ref: `#/channels/${channel}` },
    messages: names.map((name) => ({ $ref: `#/channels/${channel}/messages/${name}` })),
  });
  return {
    sendPlain: operation('send', 'plain', ['toDevice']),
    receivePlain: operation('receive', 'plain', ['fromDevice']),
    sendFrame: operation('send', 'envelope', Object.keys(frames)),
    receiveFrame: operation('receive', 'envelope', Object.keys(deviceFrames)),
  };
}

/** AsyncAPI has JSON Schema of draft 7. */
function schemaOf(schema: z.ZodType) {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { target: 'draft-7', io: 'input' });
  return rest;
}
