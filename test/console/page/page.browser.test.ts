import { expect, describe, it } from 'vitest';
import { ask, push } from '../../support/ask.ts';
import { useChromium } from '../../support/chromium.ts';
import { OperatorPage, textOf } from '../../support/operator-page.ts';
import { startProcess } from '../../support/process.ts';
import { connectAll, keepActive } from '../../support/population.ts';
import { until } from '../../support/until.ts';

const browser = useChromium();

describe('the operator page', () => {
  it('shows on the chart how many connections are in each state', async () => {
    const pod = await startProcess({ IDLE_AFTER_MS: '1000' }).ready();
    const devices = await connectAll(pod, 9);
    keepActive(devices.slice(0, 4));
    const shown = await OperatorPage.open(await browser.newPage(), pod);

    const counts = await until(async () => {
      const found = await shown.counts();
      return found['registered.idle'] === '5' && found;
    });

    expect(counts).toEqual({
      '': '9',
      connecting: '0',
      'connecting.registering': '0',
      'connecting.waiting': '0',
      registered: '9',
      'registered.active': '4',
      'registered.idle': '5',
      unverified: '0',
      leaving: '0',
      closing: '0',
      'closing.unregistering': '0',
      'closing.settling': '0',
      'closing.disconnecting': '0',
      unregistered: '',
    });
    const { json } = await ask(pod.admin, '/connections?state=registered.idle');
    expect((json as { connections: object[] }).connections).toHaveLength(5);
    expect((await shown.rows('states')).slice(0, 4)).toEqual([
      ['connecting.registering', '0'],
      ['connecting.waiting', '0'],
      ['registered.active', '4'],
      ['registered.idle', '5'],
    ]);
    expect(await shown.lit()).toEqual(['serving']);
    expect(shown.complaints).toEqual([]);
  });

  it('shows what goes on a second, where the chart defines it', async () => {
    const pod = await startProcess().ready();
    const shown = await OperatorPage.open(await browser.newPage(), pod);
    let ended = 0;
    const comeAndGo = async () => {
      for (const device of await connectAll(pod, 3)) await device.close();
      ended += 3;
    };

    const flows = await until(async () => {
      await comeAndGo();
      const left = await shown.flowAt('', 'socket.closed', 'closing');
      const came = await shown.flowAt('connecting.registering', 'registry.registered', 'registered');
      return left !== '' && came !== '' && [left, came];
    });
    const [row] = await until(async () => {
      const rows = await shown.rows('closes');
      return rows[0]?.[3] === ended.toLocaleString('en') && rows;
    });

    expect(flows).toEqual([expect.stringMatching(/^[\d.,]+\/s$/), expect.stringMatching(/^[\d.,]+\/s$/)]);
    expect(row![0]).toBe('1005 peer');
    expect(await shown.rowOf('connects', 'accepted')).toEqual(['accepted', '', expect.any(String), String(row![3])]);
  });

  it('counts callbacks by their outcome and says how long they take', async () => {
    const pod = await startProcess().ready();
    await connectAll(pod, 1);
    const shown = await OperatorPage.open(await browser.newPage(), pod);

    for (let count = 0; count < 5; count += 1) await push(pod.callback, 'device-0');
    await push(pod.callback, 'nobody');
    const callbacks = await until(async () => {
      const rows = await shown.rows('callbacks');
      return rows.length === 2 && rows[0]![3] === '5' && rows;
    });

    expect(callbacks.map(([outcome, , , total]) => [outcome, total])).toEqual([
      ['delivered', '5'],
      ['not-connected', '1'],
    ]);
    const latency = shown.page.locator('#figures li', { hasText: 'p50' }).locator('.value');
    expect(await textOf(latency)).toMatch(/^[\d.]+ m?s · [\d.]+ m?s$/);
  });

  it('lists a page of the connections and leads to each', async () => {
    const pod = await startProcess().ready();
    await connectAll(pod, 25);
    const shown = await OperatorPage.open(await browser.newPage(), pod);

    await shown.page.getByText('Connections of this pod').click();
    await shown.page.getByRole('button', { name: 'List' }).click();
    await shown.page.getByText('The first 20 connections').waitFor();
    const first = await shown.rows('listed');
    await shown.page.getByLabel('Device id begins with').fill('device-24');
    await shown.page.keyboard.press('Enter');
    await shown.page.getByText('1 connection found').waitFor();
    await shown.page.getByRole('link', { name: 'device-24' }).click();

    expect(first).toHaveLength(20);
    await shown.page.getByRole('heading', { name: 'device-24' }).waitFor();
    expect(new URL(shown.page.url()).hash).toBe('#device=device-24');
  });

  it('says plainly when its pod is gone, and goes on with the next one', async () => {
    const process = startProcess();
    const pod = await process.ready();
    const shown = await OperatorPage.open(await browser.newPage(), pod);

    process.signal('SIGKILL');
    await shown.page.getByText('The pod does not answer. Below is its last known state, serving').waitFor();
    const stream = await textOf(shown.page.locator('#stream'));
    const next = await startProcess({ ADMIN_PORT: new URL(pod.admin).port }).ready();
    await shown.page.locator('#pod-id', { hasText: next.podId }).waitFor();

    expect(stream).toBe('not live');
    await shown.live();
    expect(await shown.page.locator('#lost').isVisible()).toBe(false);
  });

  it('asks for nothing while nobody looks', async () => {
    const pod = await startProcess().ready();
    const shown = await OperatorPage.open(await browser.newPage(), pod);
    const { page } = shown;
    const look = (hidden: boolean) =>
      page.evaluate(`Object.defineProperty(document, 'hidden', { configurable: true, value: ${hidden} });
        document.dispatchEvent(new Event('visibilitychange'))`);

    const left = page.waitForEvent('requestfailed', (request) => request.url().endsWith('/events'));
    await look(true);
    await left;
    const asked = page.waitForRequest(`${pod.admin}/events`);
    await look(false);
    await asked;

    await connectAll(pod, 1);

    expect(await until(async () => (await shown.counts())[''] === '1')).toBe(true);
  });
});
