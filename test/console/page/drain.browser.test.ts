import { expect, it } from 'vitest';
import { ask } from '../../support/ask.ts';
import { useChromium } from '../../support/chromium.ts';
import { OperatorPage, textOf } from '../../support/operator-page.ts';
import { strangeOwner } from '../../support/owners.ts';
import { connectAll, keepActive } from '../../support/population.ts';
import { startProcess } from '../../support/process.ts';
import { until } from '../../support/until.ts';

const browser = useChromium();
const fast = { IDLE_AFTER_MS: '1000', DRAIN_SWEEPS: '4', DRAIN_INTERVAL_MS: '700', DRAIN_MIN_BATCH: '1' };

it('the operator page drains the pod after a confirmation and shows each sweep', async () => {
  const process = startProcess(fast);
  const pod = await process.ready();
  const devices = await connectAll(pod, 20);
  keepActive(devices.slice(0, 3));
  const shown = await OperatorPage.open(await browser.newPage(), pod);
  const { page } = shown;
  await until(async () => (await shown.counts())['registered.idle'] === '17');

  await page.getByRole('button', { name: 'Drain this pod…' }).click();
  const question = await textOf(page.getByRole('dialog'));
  await page.getByRole('button', { name: 'Cancel' }).click();
  const phase = ((await ask(pod.admin, '/drain')).json as { phase: string }).phase;
  await page.getByRole('button', { name: 'Drain this pod…' }).click();
  await page.getByRole('button', { name: 'Drain the pod' }).click();
  const lit = await until(async () => {
    const states = await shown.lit();
    return states.includes('draining') && states;
  });
  const canDrainAgain = await page.getByRole('button', { name: 'Drain this pod…' }).isEnabled();
  await page
    .getByText('Drained: all connections have ended. 4 sweeps, 17 idle and 3 active closed, 0 remaining')
    .waitFor();

  expect(question).toContain(`Pod ${pod.podId} stops accepting devices, closes its 20 connections`);
  expect(phase).toBe('serving');
  expect(lit[1]).toMatch(/^draining\.(sweeping|waiting|closingRest)$/);
  expect(canDrainAgain).toBe(false);
  expect(await process.exited).toMatchObject({ code: 0 });
  await page.getByText(`Pod ${pod.podId} has stopped, with 0 connections left.`).waitFor();
  const sweeps = process.log
    .all('sweep done')
    .map(({ sweep, idle, closed, remaining }) => [sweep, idle, closed, remaining]);
  const rest = process.log.all('rest closed').map(({ closed, remaining }) => ['the rest', 3, closed, remaining]);
  const expected = [...sweeps, ...rest].map((cells) => cells.map(String)).toReversed();
  const rows = await shown.rows('sweeps');
  expect(rows.map(([sweep, , ...numbers]) => [sweep, ...numbers])).toEqual(expected);
  expect(sweeps).toHaveLength(4);
  expect(await textOf(page.locator('#drain-closed'))).toBe('17 idle, 3 active');
  expect(new Set(await Promise.all(devices.map(async ({ closed }) => (await closed).code)))).toEqual(new Set([1012]));
  const next = await startProcess({ ADMIN_PORT: new URL(pod.admin).port }).ready();
  await page.locator('#pod-id', { hasText: next.podId }).waitFor();
  expect(await textOf(page.locator('#drain-outcome'))).toBe('');
  expect(await page.getByRole('button', { name: 'Drain this pod…' }).isEnabled()).toBe(true);
});

it('a draining pod shows those that the registry has not taken yet', async () => {
  const process = startProcess({ REDIS_URL: 'redis://127.0.0.1:1', IDLE_AFTER_MS: '60000' });
  const pod = await process.listening();
  await connectAll(pod, 3);
  const shown = await OperatorPage.open(await browser.newPage(), pod);
  const facts = ['remaining', 'unregistered', 'idle', 'active', 'closing'];

  process.signal('SIGTERM');
  await shown.page.locator('#drain-remaining', { hasText: '3' }).waitFor();

  const numbers = await Promise.all(facts.map((name) => textOf(shown.page.locator(`#drain-${name}`))));
  expect(numbers).toEqual(['3', '3', '0', '0', '0']);
});

it.each(['127.0.0.1', 'pod.test'])('no picture in another page drains the pod at %s', async (host) => {
  const pod = await startProcess().ready();
  const { port } = new URL(pod.admin);
  const picture = `http://${host}:${port}/pre-stop`;
  const elsewhere = await strangeOwner((_request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/html' }).end(`<img src="${picture}">`);
  });
  const page = await browser.newPage();

  const asked = page.waitForEvent('requestfailed', (request) => request.url() === picture); // the answer is no picture
  await page.goto(`http://${elsewhere.serverIp}:${elsewhere.port}/`);
  await asked;

  expect((await ask(pod.admin, '/drain')).json).toMatchObject({ phase: 'serving' });
});
