import type { FetchImplementation } from 'jose';

/** Largest JWKS (RFC 7517 §5), bytes after decoding of any content coding. The sets of real issuers have a few kB. */
const maxJwksBytes = 1_048_576;

/**
 * The `fetch` function that jose uses to get a JWKS. It reads the whole body itself, so that the size limit and the time limit of
 * `options.signal` apply to the body too. Rejects if the status is not 200, also for redirects, which are not followed.
 */
export const fetchJwks: FetchImplementation = async (url, options) => {
  const response = await fetch(url, options);
  if (response.status === 200) return new Response(await readBody(response));
  response.body?.cancel().catch(() => {}); // the body is not needed
  throw new Error(`the issuer answered with status ${response.status}`);
};

async function readBody({ body }: Response): Promise<Buffer<ArrayBuffer>> {
  const whole = Buffer.allocUnsafeSlow(maxJwksBytes); // one buffer for any number of small pieces
  let size = 0;
  for await (const piece of body ?? []) {
    if (size + piece.length > maxJwksBytes) throw new Error(`the body is larger than ${maxJwksBytes} bytes`);
    whole.set(piece, size);
    size += piece.length;
  }
  return whole.subarray(0, size);
}
