import type { Delivery } from '../connections/device-web-socket.ts';
import type { Message } from '../connections/protocol/protocol.ts';
import type { DeviceSocket } from '../connections/socket.ts';
import type { ProblemOptions } from '../http/problem.ts';
import { Problem } from '../http/problem.ts';

type Success = 'delivered' | 'acked';

/** What the service is told when its message was not delivered, or nobody knows. */
const problems: Record<Exclude<Delivery, Success>, ProblemOptions> = {
  gone: { code: 'not-connected', detail: 'the connection ended before the bytes were out' },
  'invalid-text': { code: 'invalid-text', detail: 'a text body must be valid UTF-8' },
  'no-ack': { code: 'no-ack', detail: 'the device is in plain mode, in which nothing is acknowledged' },
  backpressure: {
    code: 'backpressure',
    detail: 'the device reads more slowly than it is sent to',
    headers: { 'Retry-After': '1' },
  },
  'too-many-callbacks': {
    code: 'too-many-callbacks',
    detail: 'more callbacks come than this device may be sent',
    headers: { 'Retry-After': '1' },
  },
  'delivery-timeout': {
    code: 'delivery-timeout',
    detail: 'the device did not take the message in for 5 s; it may still get it',
  },
  'ack-timeout': {
    code: 'ack-timeout',
    detail: 'no acknowledgement came in time, or the connection ended first: the device may have the message',
  },
};

/** Pushes a message down a connection of this pod. */
export async function deliver(socket: DeviceSocket, message: Message): Promise<Success | Problem> {
  const delivery = await socket.deliver(message);
  return delivery === 'delivered' || delivery === 'acked' ? delivery : new Problem(problems[delivery]);
}
