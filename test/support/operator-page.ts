import type { CDPSession, Locator, Page } from 'playwright-core';
import { until } from './until.ts';

/** What a person can act on, or has to be told what it is. */
const roles =
  'button link textbox searchbox combobox checkbox switch tab progressbar meter ' +
  'image img region dialog table navigation form search columnheader rowheader';
const named = new Set(roles.split(' '));

/** The operator page of a pod in a browser, and everything the browser complains of. */
export class OperatorPage {
  readonly page: Page;
  /** Errors of scripts, what the policy refused, and what could not be loaded. */
  readonly complaints: string[] = [];
  /** The bytes of each answer that is no stream, by its path. */
  readonly weights = new Map<string, Promise<number>>();

  private constructor(page: Page) {
    this.page = page;
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') this.complaints.push(message.text());
    });
    page.on('pageerror', (error) => this.complaints.push(String(error)));
    page.on('response', (response) => {
      const { pathname } = new URL(response.url());
      if (pathname !== '/events') this.weights.set(pathname + new URL(response.url()).search, weigh(response));
    });
  }

  /** Opens it, and waits until it is live. `hash` is that of a deep link. */
  static async open(page: Page, { admin }: { admin: string }, hash = ''): Promise<OperatorPage> {
    const opened = new OperatorPage(page);
    await page.goto(`${admin}/${hash}`);
    await opened.live();
    return opened;
  }

  async live(): Promise<void> {
    await this.page.locator('#stream', { hasText: /^live$/ }).waitFor();
    await this.page.locator('#connection-chart svg').waitFor();
    await this.page.locator('#pod-chart svg').waitFor();
  }

  /** The numbers at the states of the connections' chart, all of one moment. */
  counts(): Promise<Record<string, string>> {
    return this.page.evaluate(`Object.fromEntries([...document.querySelectorAll('#connection-chart [data-state]')].map(
      (group) => [group.dataset.state, group.querySelector(':scope > .count').textContent]))`);
  }

  /** How often a second a transition is taken, as it says there; the ends are where it is drawn. */
  async flowAt(from: string, event: string, to: string): Promise<string> {
    const label = `text.label[data-from="${from}"][data-event="${event}"][data-to="${to}"]`;
    return textOf(this.page.locator(`#connection-chart ${label} .flow`));
  }

  /** The states of the pod's chart that are lit. */
  lit(): Promise<string[]> {
    return this.page.evaluate(`[...document.querySelectorAll('#pod-chart .lit')].map((group) => group.dataset.state)`);
  }

  /** The cells of each row of the table body with this id. */
  rows(id: string): Promise<string[][]> {
    return this.page.evaluate(
      `[...document.getElementById('${id}').rows].map((row) => [...row.cells].map((cell) => cell.textContent))`,
    );
  }

  /** Waits until some row of this table begins so. */
  rowOf(id: string, ...cells: string[]): Promise<string[]> {
    return until(async () => {
      const rows = await this.rows(id);
      return rows.find((row) => cells.every((cell, index) => row[index] === cell));
    });
  }

  /** Role and HTML of what a screen reader could not name. */
  async unnamed(): Promise<string[]> {
    const session: CDPSession = await this.page.context().newCDPSession(this.page);
    const { nodes } = await session.send('Accessibility.getFullAXTree');
    await session.detach();
    const found = nodes
      .filter(({ ignored }) => !ignored)
      .map(({ role, name }) => ({
        role: String(role?.value),
        name: String(name?.value ?? ''),
      }));
    return found.filter(({ role, name }) => named.has(role) && name.trim() === '').map(({ role }) => role);
  }
}

export async function textOf(locator: Locator): Promise<string> {
  return (await locator.textContent()) ?? '';
}

/** An answer without a body, or of a page that is gone, weighs nothing. */
async function weigh(response: { body(): Promise<Buffer> }): Promise<number> {
  const body = await response.body().catch(() => Buffer.alloc(0));
  return body.length;
}
