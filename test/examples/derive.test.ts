import { expect, it } from 'vitest';
import { hopToken, proofOf } from '@ws-connect/callback-client/internal/pod-proof';
import { Child } from '../support/child.ts';
import { codeBlock } from '../support/docs.ts';

const token = 'a-token-of-24-characters';
const pod = { podId: '7e1c', serverIp: '10.0.0.7', port: 8081 };
const env = { ...pod, port: String(pod.port), token, TOKEN: token };

it('the lines of docs/services.md derive in a shell what a pod accepts', async () => {
  const child = new Child('sh', ['-c', codeBlock('sh', 'openssl dgst')], { env });

  expect(await child.exited).toEqual({ code: 0, signal: null });
  expect(child.lines).toEqual([hopToken(token, pod)]);
});

it('the lines of docs/services.md derive in Node what a pod accepts and shows', async () => {
  const [derive] = codeBlock('js', 'createHmac').split('\n');
  const script = `const { createHmac } = require('node:crypto');
    const { token, podId, serverIp, port } = process.env;
    ${derive}
    console.log(derive('hop'));
    console.log(derive('proof'));`;
  const child = new Child(process.execPath, ['-e', script], { env });

  expect(await child.exited).toEqual({ code: 0, signal: null });
  expect(child.lines).toEqual([hopToken(token, pod), proofOf(token, pod)]);
});
