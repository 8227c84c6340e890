import type { IncomingHttpHeaders } from 'node:http';
import { Problem } from '../http/problem.ts';

/** An entity-tag (RFC 9110 §8.8.3), strong or weak, in a header as Node gives it: one character a byte. */
const tag = /(?:W\/)?"[!#-~\x80-\xff]*"/;
/** A list of at least one of them. Elements may be empty (RFC 9110 §5.6.1.2). */
const tagList = new RegExp(`^[\\t ,]*${tag.source}(?:[\\t ]*,[\\t ,]*${tag.source})*[\\t ,]*$`);
const eachTag = new RegExp(tag.source, 'g');

/**
 * Throws 400 for an `If-Match` that is neither `*` nor a list of entity-tags (RFC 9110 §13.1.1). An empty one is malformed too: its
 * client meant a certain connection but did not name it. Call it before the request has any effect or is forwarded.
 */
export function requirePrecondition({ 'if-match': ifMatch }: IncomingHttpHeaders): void {
  if (ifMatch === undefined || ifMatch === '*' || tagList.test(ifMatch)) return;
  const detail = 'If-Match must be * or a list of entity tags, each in double quotes';
  throw new Problem({ code: 'bad-precondition', detail });
}

/**
 * `If-Match` (RFC 9110 §13.1.1), well-formed: the request is for one connection of the device. Throws 412 if the device has another one.
 * `traceId` in quotes is the strong entity-tag of the connection; a weak one matches nothing (RFC 9110 §8.8.3.2).
 */
export function requireMatch(ifMatch: string | undefined, traceId: string): void {
  if (ifMatch === undefined || ifMatch === '*') return;
  if (ifMatch.match(eachTag)?.includes(`"${traceId}"`)) return;
  throw new Problem({
    code: 'other-connection',
    detail: 'the device has another connection than the one that If-Match names',
  });
}
