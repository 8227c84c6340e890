import { describe, expect, it } from 'vitest';
import { ask, push } from '../../support/ask.ts';
import { useChromium } from '../../support/chromium.ts';
import { OperatorPage } from '../../support/operator-page.ts';
import { connectAll } from '../../support/population.ts';
import { startProcess } from '../../support/process.ts';
import { until } from '../../support/until.ts';

const browser = useChromium();
const maxBytes = 60_000;

describe('the operator page', () => {
  it('weighs less than 60 kB, charts and all, and nothing of it is refused', async () => {
    const pod = await startProcess().ready();
    const shown = await OperatorPage.open(await browser.newPage(), pod);
    await until(async () => (await shown.rows('fleet')).length === 1);

    const weights = await Promise.all(shown.weights.values());

    expect([...shown.weights.keys()]).toEqual(
      expect.arrayContaining(['/', '/page/main.js', '/page/page.css', '/machines/connection?format=svg']),
    );
    expect(weights.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(maxBytes);
    expect(shown.complaints).toEqual([]);
  });

  it('names everything that one can act on', async () => {
    const pod = await startProcess().ready();
    await connectAll(pod, 3);
    const shown = await openAll(await OperatorPage.open(await browser.newPage(), pod, '#device=device-1'));

    const { page } = shown;
    const open = await shown.unnamed();
    await page.getByRole('button', { name: 'Drain this pod…' }).click();
    const asked = await shown.unnamed();

    expect(open).toEqual([]);
    expect(asked).toEqual([]);
  });

  it('can be used by the keyboard alone', async () => {
    const pod = await startProcess().ready();
    const [device] = await connectAll(pod, 1);
    const { page } = await OperatorPage.open(await browser.newPage(), pod);
    const focused = () => page.evaluate<string>('document.activeElement.id || document.activeElement.textContent');
    const comesTo = (id: string) => until(async () => (await focused()) === id);
    const tabTo = (id: string) =>
      until(async () => {
        await page.keyboard.press('Tab');
        return (await focused()) === id;
      });

    await tabTo('find-device');
    await page.keyboard.type('device-0');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Kick…', disabled: false }).waitFor();
    await tabTo('device-kick');
    await page.keyboard.press('Enter');
    await comesTo('Cancel');
    await page.keyboard.press('Escape');
    await comesTo('device-kick');
    await page.keyboard.press('Enter');
    await comesTo('Cancel');
    await tabTo('confirm-yes');
    await page.keyboard.press('Enter');

    expect(await device!.closed).toMatchObject({ code: 4503 });
  });

  it.each([360, 1000, 1280, 1600])('fits a window %i px wide', async (width) => {
    const pod = await startProcess().ready();
    await connectAll(pod, 3);
    const page = await browser.newPage();
    await page.setViewportSize({ width, height: 800 });
    await push(pod.callback, 'device-1');
    await openAll(await OperatorPage.open(page, pod, '#device=device-1'));

    const overflowing = await page.evaluate(
      `[...document.querySelectorAll('html, .panel, #figures li')].filter((it) => it.scrollWidth > it.clientWidth).length`,
    );

    expect(await page.evaluate('innerWidth')).toBe(width);
    expect(overflowing).toBe(0);
  });

  it('comes with a policy that lets nothing in, and is loaded again only when it is another', async () => {
    const pod = await startProcess().ready();

    const first = await ask(pod.admin, '/');
    const again = await ask(pod.admin, '/', { headers: { 'If-None-Match': first.headers.etag! } });

    expect(first).toMatchObject({
      status: 200,
      headers: {
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': expect.stringMatching(/^default-src 'self';.*frame-ancestors 'none'/),
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-cache',
      },
    });
    expect(String(first.body)).not.toMatch(/ style=|<style|<script(?! type="module" src)| on\w+=/);
    expect(again).toMatchObject({ status: 304, body: Buffer.alloc(0) });
  });

  it.each(['/page/nothing.js', '/page/..%2fmain.js', '/page/wire.d.ts', '/page/'])('has no file %s', async (path) => {
    const pod = await startProcess().ready();

    expect(await ask(pod.admin, path)).toMatchObject({ status: 404, json: { code: 'no-such-route' } });
  });
});

/** With everything unfolded. */
async function openAll(shown: OperatorPage): Promise<OperatorPage> {
  for (const summary of await shown.page.locator('summary').all()) await summary.click();
  await shown.page.getByRole('button', { name: 'List' }).click();
  await until(async () => (await shown.rows('listed')).length === 3);
  await shown.page.getByText('following live').waitFor();
  return shown;
}
