import { expect, it, onTestFinished } from 'vitest';
import { PodClient } from '../../src/callback/pod-client.ts';
import { fakeOwner } from '../support/owners.ts';

it('a request whose signal is aborted already is not sent', async () => {
  const client = new PodClient();
  onTestFinished(() => client.close());
  const owner = await fakeOwner((_, response) => response.end());
  const to = {
    address: owner.serverIp,
    port: owner.port,
    podId: undefined,
    method: 'GET',
    path: '/',
    headers: {},
    body: undefined,
  };

  const sending = client.send({ ...to, signal: AbortSignal.abort() });

  await expect(sending).rejects.toMatchObject({ name: 'PodError', code: 'unsent' });
  await client.send(to);
  expect(owner.requests).toHaveLength(1);
});
