import { describe, expect, it, onTestFinished } from 'vitest';
import type { Step } from '../../../src/admin/follow.ts';
import { ask, push } from '../../support/ask.ts';
import { useChromium } from '../../support/chromium.ts';
import { EventReader } from '../../support/events.ts';
import { Device } from '../../support/device.ts';
import { startFleet } from '../../support/fleet.ts';
import { OperatorPage, textOf } from '../../support/operator-page.ts';
import type { PodAddresses } from '../../support/process.ts';
import { startProcess } from '../../support/process.ts';
import { until } from '../../support/until.ts';

const browser = useChromium();

async function connect(pod: PodAddresses, deviceId: string): Promise<Device> {
  const device = await Device.connect(pod.device, deviceId);
  onTestFinished(() => device.vanish());
  return device;
}

async function find(shown: OperatorPage, deviceId: string): Promise<void> {
  await shown.page.getByLabel('Device id', { exact: true }).fill(deviceId);
  await shown.page.keyboard.press('Enter');
  await shown.page.getByRole('heading', { name: deviceId }).waitFor();
}

/** What the list of facts has under this name. */
function fact({ page }: OperatorPage, name: string): Promise<string> {
  return textOf(page.locator('#device-facts div', { has: page.getByText(name, { exact: true }) }).locator('dd'));
}

describe('a device on the operator page', () => {
  it('has a timeline of what its connections were told, and what they did', async () => {
    const pod = await startProcess({ IDLE_AFTER_MS: '100' }).ready();
    const shown = await OperatorPage.open(await browser.newPage(), pod, '#device=lamp-1');
    await shown.page.getByText('following live').waitFor();
    await shown.page.getByText('It is not connected').waitFor();
    const truth = await EventReader.open(`${pod.admin}/events?device=lamp-1`);

    const device = await connect(pod, 'lamp-1');
    await truth.first(({ to }) => to === 'registered.idle');
    await push(pod.callback, 'lamp-1');
    await truth.first(({ event }) => event === 'connection.active');
    device.socket.close(1000);
    const last = await truth.first(({ to }) => to === 'unregistered');
    await shown.rowOf('timeline', String(last['at']).slice(11, 23), 'socket.closed');

    const told = truth.events.map(({ data }) => data as unknown as Step);
    const steps = told.map(({ at, event, from, to, reason = '', traceId }) => {
      const state = from === to ? `stays in ${to}` : `${from === null ? '' : `${from} `}→ ${to}`;
      return [at.slice(11, 23), event, state, reason, traceId.slice(0, 8)];
    });
    expect(await shown.rows('timeline')).toEqual(steps.toReversed());
    expect(steps.length).toBeGreaterThanOrEqual(7);
    expect(shown.complaints.filter((text) => !text.includes('404'))).toEqual([]);
  });

  it('has in its timeline what changed nothing and what was missed, and all of it as plain text', async () => {
    const pod = await startProcess().ready();
    const page = await browser.newPage();
    const step: Step & { missed: number } = {
      at: '2026-11-23T21:30:05.123Z',
      deviceId: 'lamp-1',
      traceId: '0'.repeat(32),
      event: 'close',
      from: 'leaving',
      to: 'leaving',
      reason: '<b id="markup">kicked</b>',
      missed: 3,
    };
    await page.route('**/events?device=lamp-1', (route) =>
      route.fulfill({ contentType: 'text/event-stream', body: `event: step\ndata: ${JSON.stringify(step)}\n\n` }),
    );

    const shown = await OperatorPage.open(page, pod, '#device=lamp-1');
    const row = await shown.rowOf('timeline', '21:30:05.123');

    const why = '<b id="markup">kicked</b> (3 events before this one left out)';
    expect(row).toEqual(['21:30:05.123', 'close', 'stays in leaving', why, '00000000']);
    expect(await page.locator('#markup').count()).toBe(0);
  });

  it('is followed anew when nothing is heard of the pod any more, and what it did meanwhile is told', async () => {
    const process = startProcess();
    const pod = await process.ready();
    await connect(pod, 'lamp-1');
    const page = await browser.newPage();
    await page.clock.install();
    const shown = await OperatorPage.open(page, pod, '#device=lamp-1');
    const beginnings = async () =>
      (await shown.rows('timeline')).filter(([, , , why]) => why === 'before you followed it');
    await until(async () => (await beginnings()).length === 1);

    process.signal('SIGSTOP');
    await page.clock.runFor(40_000);
    await page.getByText('not live: the pod does not answer').waitFor();
    process.signal('SIGCONT');
    await page.getByText('following live').waitFor();
    await until(async () => (await beginnings()).length === 2);

    await shown.live();
    expect(shown.complaints).toEqual([]);
  });

  it('is shown as the latest answer has it, and not as one that comes late', async () => {
    const pod = await startProcess().ready();
    const page = await browser.newPage();
    let release = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    const path = '**/connections/lamp-1';
    await page.route(path, (route) => released.then(() => route.fulfill({ status: 404, json: {} })), { times: 1 });
    const shown = await OperatorPage.open(page, pod, '#device=lamp-1');
    await page.getByText('following live').waitFor();
    await page.evaluate(`globalThis.wheres = []; new MutationObserver(() =>
      wheres.push(document.getElementById('device-where').textContent)).observe(document.getElementById('device-where'),
      { childList: true })`);

    await connect(pod, 'lamp-1');
    await until(async () => (await fact(shown, 'State')) === 'registered.active');
    release();
    await page.waitForResponse((response) => response.status() === 404);
    for (let more = 0; more < 2; more += 1) await page.waitForResponse(path);

    expect(await page.evaluate('wheres')).toEqual([]);
  });

  it('is none when the address of the page names what no device is called', async () => {
    const pod = await startProcess().ready();
    const page = await browser.newPage();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).search));

    const shown = await OperatorPage.open(page, pod, '#device=lamp%201');

    expect(await shown.page.locator('#device').isVisible()).toBe(false);
    expect(await page.locator('#find-device:invalid').inputValue()).toBe('lamp 1');
    expect(asked.filter((query) => query.includes('device'))).toEqual([]);
  });

  it('shows all that is known of its connection, which may be there before', async () => {
    const pod = await startProcess({ IDLE_AFTER_MS: '100', POD_UID: 'pod-a' }).ready();
    await connect(pod, 'lamp-1');
    await push(pod.callback, 'lamp-1', 'x'.repeat(5000));
    const shown = await OperatorPage.open(await browser.newPage(), pod);

    await find(shown, 'lamp-1');
    await until(async () => (await fact(shown, 'State')) === 'registered.idle');
    await shown.page.getByRole('link', { name: 'Fleet' }).click();
    await shown.page.waitForURL('**/#fleet-section');
    const stays = await shown.page.locator('#device').isVisible();

    const { json } = await ask(pod.admin, '/connections/lamp-1');
    const known = json as Record<string, string>;
    expect(stays).toBe(true);
    expect(await fact(shown, 'Trace')).toBe(known['traceId']);
    expect(await fact(shown, 'Pod')).toBe('pod-a');
    expect(await fact(shown, 'Why')).toBe('connection.idle');
    expect(await fact(shown, 'Since')).toContain(known['since']!.slice(11, 18));
    expect(await fact(shown, 'Next')).toMatch(/refresh in .*ping in \d+ s.*silent in/);
    expect(await fact(shown, 'Bytes')).toMatch(/^[\d.]+ k?B received, 5(\.\d)? kB sent, 0 B waiting$/);
    expect((await shown.rows('timeline')).at(-1)).toEqual([
      expect.any(String),
      expect.any(String),
      expect.stringContaining('→ registered.'),
      'before you followed it',
      known['traceId']!.slice(0, 8),
    ]);
  });

  it('is kicked after a confirmation', async () => {
    const pod = await startProcess().ready();
    const device = await connect(pod, 'lamp-1');
    const shown = await OperatorPage.open(await browser.newPage(), pod, '#device=lamp-1');

    await shown.page.getByRole('button', { name: 'Kick…' }).click();
    await shown.page.keyboard.press('Escape');
    const isOpen = device.socket.readyState === device.socket.OPEN;
    await shown.page.getByRole('button', { name: 'Kick…' }).click();
    await shown.page.getByRole('button', { name: 'Kick the device' }).click();

    expect(await device.closed).toEqual({ code: 4503, reason: 'kicked' });
    expect(isOpen).toBe(true);
    await shown.page.getByText('lamp-1 was kicked.').waitFor();
    await shown.page.getByText('It is not connected').waitFor();
    expect(await shown.page.getByRole('button', { name: 'Kick…' }).isEnabled()).toBe(false);
  });

  it('is kicked by who is asked again right after saying no', async () => {
    const pod = await startProcess().ready();
    const device = await connect(pod, 'lamp-1');
    const { page } = await OperatorPage.open(await browser.newPage(), pod, '#device=lamp-1');
    await page.getByRole('button', { name: 'Kick…', disabled: false }).waitFor();

    await page.evaluate(`{
      const [kick, dialog] = ['device-kick', 'confirm'].map((id) => document.getElementById(id));
      kick.click();
      dialog.close(); // its event comes only after this
      kick.click();
    }`);
    await page.getByRole('button', { name: 'Kick the device' }).click();

    expect(await device.closed).toEqual({ code: 4503, reason: 'kicked' });
  });

  it('may be on another pod of the fleet, and the page says on which', async () => {
    const fleet = await startFleet(2);
    const [here, there] = fleet.pods;
    await connect(there!, 'lamp-1');
    await fleet.registered('lamp-1', there!);
    const shown = await OperatorPage.open(await browser.newPage(), here!);

    await find(shown, 'lamp-1');
    await shown.page.getByText(`It is on another pod: ${there!.podId}, at 127.0.0.3`).waitFor();
    const pods = await until(async () => {
      const rows = await shown.rows('fleet');
      return rows.some(([, , connections]) => connections === '1') && rows;
    });

    expect(pods).toHaveLength(2);
    expect(pods.find(([pod]) => pod!.startsWith(here!.podId))).toEqual([
      `${here!.podId}127.0.0.2:${here!.callbackPort}, this pod`,
      'serving',
      '0',
      expect.any(String),
    ]);
    expect(pods.find(([pod]) => pod!.startsWith(there!.podId))!.slice(1, 3)).toEqual(['serving', '1']);
  });
});
