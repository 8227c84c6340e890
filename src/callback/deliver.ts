import type { Delivery } from '../device/device-web-socket.ts';
import type { Message } from '../device/protocol/protocol.ts';
import type { DeviceSocket } from '../device/socket.ts';
import type { ProblemOptions } from '../http/problem.ts';
import { Problem } from '../http/problem.ts';

type Success = 'delivered' | 'acked';

/** The problem for the service if its message was not delivered, or if that is unknown. */
const problems: Record<Exclude<Delivery, Success>, ProblemOptions> = {
  gone: { code: 'not-connected', detail: 'the connection ended before the message was written' },
  'invalid-text': { code: 'invalid-text', detail: 'a text body must be valid UTF-8' },
  'no-ack': { code: 'no-ack', detail: 'the device is in plain mode, which has no acknowledgements' },
  backpressure: {
    code: 'backpressure',
    detail: 'the device reads more slowly than messages are sent to it',
    headers: { 'Retry-After': '1' },
  },
  'too-many-callbacks': {
    code: 'too-many-callbacks',
    detail: 'this device has received as many callbacks as the limit allows',
    headers: { 'Retry-After': '1' },
  },
  'delivery-timeout': {
    code: 'delivery-timeout',
    detail: 'the device did not read the message within 5 s; it may still receive it',
  },
  'ack-timeout': {
    code: 'ack-timeout',
    detail:
      'no acknowledgement arrived in time, or the connection ended first; the device may have received the message',
  },
};

/** Sends a message over a connection of this pod. Returns the success, or the problem to answer. */
export async function deliver(socket: DeviceSocket, message: Message): Promise<Success | Problem> {
  const delivery = await socket.deliver(message);
  return delivery === 'delivered' || delivery === 'acked' ? delivery : new Problem(problems[delivery]);
}
