import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** The data of the server-sent events of this name, as a pod writes them: one line each. Throws when the stream breaks off. */
export async function* eventsIn(stream: Readable, name: string): AsyncGenerator<string> {
  let event = '';
  let broken: unknown;
  stream.once('error', (error) => {
    broken = error;
  });
  for await (const line of createInterface(stream)) {
    if (line.startsWith('event: ')) event = line.slice('event: '.length);
    if (line.startsWith('data: ') && event === name) yield line.slice('data: '.length);
  }
  if (broken) throw broken;
}
