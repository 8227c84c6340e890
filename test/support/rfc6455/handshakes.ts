import { handshake } from '../raw-client.ts';

/** Path and query of a handshake that is let in. */
export const path = '/connect?deviceId=lamp-1';

/** The key of the example in RFC 6455 §1.2. */
export const key = 'dGhlIHNhbXBsZSBub25jZQ==';

/** The handshake with these lines in place of the one of that name; more than one may be of the same name. */
export function withLines(name: string, lines: readonly string[]): string {
  const whole = handshake(path, { [name]: undefined });
  return whole.replace('\r\n\r\n', `\r\n${lines.map((line) => `${name}: ${line}\r\n`).join('')}\r\n`);
}
