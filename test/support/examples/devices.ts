import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import { onTestFinished } from 'vitest';
import { Child } from '../child.ts';
import { findPython } from '../python.ts';
import { pathOf } from './services.ts';

/** An example of a device at work. */
export interface ExampleDevice {
  /** The messages it has shown. */
  printed(): Promise<string[]> | string[];
  /** What it says of its connection. */
  said(): Promise<string> | string;
}

export interface Start {
  /** `ws://HOST:PORT` */
  gateway: string;
  deviceId?: string;
  token?: string;
}

export async function startPythonDevice({ gateway, deviceId = 'lamp-1', token = '' }: Start): Promise<ProcessDevice> {
  const { command, env } = await findPython();
  const args = [pathOf('python/device.py'), gateway, deviceId];
  return new ProcessDevice(new Child(command, args, { env: { ...env, DEVICE_TOKEN: token } }));
}

/** Opens the page from a web server of this machine, and connects. */
export async function startPageDevice(
  page: Page,
  { gateway, deviceId = 'lamp-1', token = '' }: Start,
): Promise<PageDevice> {
  const url = await serve('browser/index.html');
  await page.goto(url);
  await page.getByLabel('Gateway').fill(gateway);
  await page.getByLabel('Device').fill(deviceId);
  await page.getByLabel('Token').fill(token);
  await page.getByRole('button', { name: 'Connect' }).click();
  return new PageDevice(page);
}

export class ProcessDevice implements ExampleDevice {
  readonly child: Child;

  constructor(child: Child) {
    this.child = child;
  }

  printed(): string[] {
    return this.child.lines;
  }

  said(): string {
    return this.child.stderr;
  }
}

export class PageDevice implements ExampleDevice {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  printed(): Promise<string[]> {
    return this.page.locator('li').allTextContents();
  }

  said(): Promise<string> {
    return this.page.locator('output').innerText();
  }
}

/** The URL of an example that is a page. It goes on being there until the test ends. */
async function serve(example: string): Promise<string> {
  const server = createServer((_request, response) => {
    response.setHeader('Content-Type', 'text/html');
    createReadStream(pathOf(example)).pipe(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}
