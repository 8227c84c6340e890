import type { IncomingMessage } from 'node:http';
import { Problem } from './problem.ts';

/** A target such as `http://host:8081/path?query` (RFC 9112 §3.2.2), without user info (RFC 9110 §4.2.4). */
const absoluteForm = /^https?:\/\/([^/?@]+)(.*)$/i;
/** A path, and a query perhaps. It has no fragment and no white space: what parses it later can take it as it stands. */
const originForm = /^\/[^#\s]*$/;

/**
 * Checks what a request is sent to, before anything parses it: the target and the Host header (RFC 9112 §3.2). A target in absolute
 * form becomes a path and a query in `request.url`; its host replaces the Host header, as §3.2.2 wants it. Returns 400 `bad-request`
 * for a target that is malformed, and for a request by HTTP/1.1 that names no host.
 */
export function checkTarget(request: IncomingMessage): Problem | undefined {
  const { url = '', headers, httpVersion } = request;
  if (headers.host === undefined && httpVersion === '1.1') {
    return new Problem({ code: 'bad-request', detail: 'a request by HTTP/1.1 has a Host header' });
  }
  if (originForm.test(url) || url === '*') return undefined;
  const [, authority = '', rest = ''] = absoluteForm.exec(url) ?? [];
  const path = rest.startsWith('/') ? rest : `/${rest}`;
  if (!URL.canParse(`http://${authority}`) || !originForm.test(path)) {
    return new Problem({ code: 'bad-request', detail: 'the target of the request is no path and no http URL' });
  }
  request.url = path;
  headers.host = authority;
  return undefined;
}
