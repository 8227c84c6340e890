import type { FetchImplementation } from 'jose';

/** A JWKS (RFC 7517 §5) larger than this is refused, bytes as they are after any content coding. Sets of real issuers have a few kB. */
const maxJwksBytes = 1_048_576;

/**
 * The `fetch` that jose asks for a JWKS with. It reads the whole body itself, so that the limit of size and the time limit of `options.signal`
 * hold for the body too. Rejects with what is wrong, redirects included: they are not followed.
 */
export const fetchJwks: FetchImplementation = async (url, options) => {
  const response = await fetch(url, options);
  if (response.status === 200) return new Response(await readBody(response));
  response.body?.cancel().catch(() => {}); // nobody wants the rest
  throw new Error(`the issuer answered with status ${response.status}`);
};

async function readBody({ body }: Response): Promise<Buffer<ArrayBuffer>> {
  const whole = Buffer.allocUnsafeSlow(maxJwksBytes); // one buffer, however small the pieces are that come
  let size = 0;
  for await (const piece of body ?? []) {
    if (size + piece.length > maxJwksBytes) throw new Error(`the body is larger than ${maxJwksBytes} bytes`);
    whole.set(piece, size);
    size += piece.length;
  }
  return whole.subarray(0, size);
}
