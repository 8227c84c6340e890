import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** The server-sent events of a stream, as a pod writes them: one line of data each. */
export async function* eventsIn(stream: Readable): AsyncGenerator<{ event: string; data: string }> {
  let event = 'message';
  let broken: unknown;
  stream.once('error', (error) => {
    broken = error;
  });
  for await (const line of createInterface(stream)) {
    if (line.startsWith('event: ')) event = line.slice('event: '.length);
    if (line.startsWith('data: ')) yield { event, data: line.slice('data: '.length) };
  }
  if (broken) throw broken;
}
