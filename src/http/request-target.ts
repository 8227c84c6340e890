import type { IncomingMessage } from 'node:http';
import { Problem } from './problem.ts';

/** A target such as `http://host:8081/path?query` (RFC 9112 §3.2.2), without user info (RFC 9110 §4.2.4). */
const absoluteForm = /^https?:\/\/([^/?@]+)(.*)$/i;
/** A path, and a query perhaps. It has no fragment and no white space: what parses it later can take it as it stands. */
const originForm = /^\/[^#\s]*$/;

/**
 * Checks what a request is sent to, before anything parses it: the target and the Host header (RFC 9112 §3.2). A target in absolute
 * form becomes a path and a query in `request.url`; its host replaces the Host header, as §3.2.2 wants it. Returns 400 `bad-request`
 * for a target that is malformed, for a request by HTTP/1.1 that names no host, and for
 * one that names more than one.
 */
export function checkTarget(request: IncomingMessage): Problem | undefined {
  const { url = '', headers, httpVersion } = request;
  const hosts = countHosts(request.rawHeaders);
  if (hosts > 1 || (hosts === 0 && httpVersion === '1.1')) {
    return new Problem({ code: 'bad-request', detail: 'an HTTP/1.1 request must have exactly one Host header' });
  }
  if (originForm.test(url) || url === '*') return undefined;
  const [, authority = '', rest = ''] = absoluteForm.exec(url) ?? [];
  const path = rest.startsWith('/') ? rest : `/${rest}`;
  if (!URL.canParse(`http://${authority}`) || !originForm.test(path)) {
    return new Problem({ code: 'bad-request', detail: 'the target of the request is neither a path nor an http URL' });
  }
  request.url = path;
  headers.host = authority;
  return undefined;
}

/** Node keeps the first of several. `rawHeaders` has names and values in turn. */
function countHosts(rawHeaders: readonly string[]): number {
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!;
    if (name.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  return hosts;
}
