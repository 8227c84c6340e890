import type { Readable } from 'node:stream';
import { Lines, tooLong } from '@ws-connect/callback-client/internal/batch-lines';

/** A pod's lines have a few hundred bytes. */
const maxLineBytes = 65_536;

/** The data of the server-sent events of this name, as a pod writes them: one line each. Throws when the stream breaks off or has an endless line. */
export async function* eventsIn(stream: Readable, name: string): AsyncGenerator<string> {
  const lines = new Lines(maxLineBytes);
  let event = '';
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    for (const line of lines.take(chunk)) {
      const text = line === tooLong ? '' : line.toString();
      if (text.startsWith('event: ')) event = text.slice('event: '.length);
      if (text.startsWith('data: ') && event === name) yield text.slice('data: '.length);
    }
    if (lines.isTooLong) throw new Error('the pod sent a line that is too long');
  }
}
