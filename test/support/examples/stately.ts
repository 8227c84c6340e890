import { build } from 'esbuild';
import type { StatelyInspectionEvent } from '@statelyai/inspect';
import type { Page } from 'playwright-core';
import type { Child } from '../child.ts';
import { pathOf } from './services.ts';

const inspectorPage = 'https://stately.ai/inspect';

/** What takes in what is shown on Stately's page, made from Stately's own package. */
const receiver = `
  import { createBrowserReceiver } from '@statelyai/inspect';
  createBrowserReceiver().subscribe((event) => note(event));`;

/** Stately's inspector without what it draws, as no test has the internet: all it was told so far. */
export type Told = StatelyInspectionEvent[];

/** Opens the address that the program prints. */
export async function openInspector(page: Page, program: Child): Promise<Told> {
  const told: Told = [];
  const { outputFiles } = await build({
    stdin: { contents: receiver, resolveDir: pathOf('stately') },
    bundle: true,
    platform: 'browser',
    write: false,
  });
  await page.exposeFunction('note', (event: StatelyInspectionEvent) => void told.push(event));
  await page.route(inspectorPage, (route) =>
    route.fulfill({ contentType: 'text/html', body: '<script src="/receiver.js"></script>' }),
  );
  await page.route(new URL('/receiver.js', inspectorPage).href, (route) =>
    route.fulfill({ contentType: 'text/javascript', body: outputFiles[0]!.text }),
  );
  const address = await program.wrote('an address', () => /^Open (http:\S+?)(,|$)/.exec(program.lines[0] ?? '')?.[1]);
  await page.goto(address);
  return told;
}

/** What it was told of each actor, in the order in which it heard of them first. */
export function byActor(told: Told): Told[] {
  const actors = new Set(told.map(({ sessionId }) => sessionId));
  return [...actors].map((actor) => told.filter(({ sessionId }) => sessionId === actor));
}

/** The chart of an actor as the inspector has it to draw, if that is the first it is told of it. */
export function chartIn([first]: Told): unknown {
  return first?.type === '@xstate.actor' && JSON.parse(first.definition!);
}

/** The events that an actor was sent. */
export function eventsIn(told: Told): string[] {
  return told.flatMap((one) => (one.type === '@xstate.event' ? [one.event.type] : []));
}

/** Every event and the state after it, in xstate's form. */
export function stepsIn(told: Told): [event: string, state: unknown][] {
  return told.flatMap((one) => (one.type === '@xstate.snapshot' ? [[one.event.type, stateIn(one)]] : []));
}

/** The state in what tells of an actor or of a snapshot. */
export function stateIn(one: Told[number] | undefined): unknown {
  return one && 'snapshot' in one && (one.snapshot as { value?: unknown }).value;
}

/** The ids of all actors it has heard of, also as the parent or root of another, or as where an event came from. */
export function actorsIn(told: Told): string[] {
  const named = told.flatMap((one) => [
    one.sessionId,
    one.rootId,
    'parentId' in one ? one.parentId : undefined,
    'sourceId' in one ? one.sourceId : undefined,
  ]);
  return [...new Set(named.filter((id) => id !== undefined))];
}
