import { describe, expect, it } from 'vitest';
import type { AnyStateMachine } from 'xstate';
import { createMachine } from 'xstate';
import { connectionMachine } from '../../machines/connection.ts';
import { podMachine } from '../../machines/pod.ts';
import { registryLinkMachine } from '../../machines/registry-link.ts';
import { toSvg } from '../../packages/console/charts/svg.ts';
import type { Point } from '../support/drawn-chart.ts';
import { illegible, readDrawing } from '../support/drawn-chart.ts';

const charts: [string, AnyStateMachine][] = [
  ['connection', connectionMachine],
  ['pod', podMachine],
  ['registryLink', registryLinkMachine],
];

const nested = createMachine({
  id: 'lamp',
  initial: 'off',
  on: { UNPLUG: '.dead', BREAK: '.dead', HEAT: { target: '.on.dim', guard: 'tooHot' } },
  states: {
    off: { on: { SWITCH: 'on' }, after: { 500: 'dead' } },
    on: {
      initial: 'dim',
      on: { SWITCH: 'off', KNOCK: { actions: 'flicker' }, RESET: { target: 'on', reenter: true } },
      states: {
        dim: { on: { TURN: [{ guard: 'isFar', target: 'bright' }, { target: '#lamp.dead' }] } },
        bright: { always: { guard: 'isHot', target: 'dim' } },
      },
    },
    dead: { type: 'final' },
  },
});

describe.each(charts)('the picture of the chart %s', (_, machine) => {
  it('can be read: nothing covers a text, no line crosses a box it does not belong to', async () => {
    const faults = illegible(await toSvg(machine));

    expect(faults).toEqual([]);
  });

  it('keeps apart what begins, ends and goes through a border', async () => {
    const { lines } = readDrawing(await toSvg(machine));
    const touches = lines.flatMap(({ points }) => [points[0]!, points.at(-1)!]);

    const pairs = touches.flatMap((one, index) => touches.slice(index + 1).map((other) => [one, other] as const));
    const tooClose = pairs.filter(([a, b]) => Math.abs(a.y - b.y) < 0.2 && Math.abs(a.x - b.x) < 12);
    expect(tooClose).toEqual([]);
  });

  it('is the same every time', async () => {
    const first = await toSvg(machine);

    expect(await toSvg(machine)).toBe(first);
  });

  it('names the states as the program does, each with a place for a count', async () => {
    const svg = await toSvg(machine);

    const names = [...svg.matchAll(/data-state="([^"]*)"/g)].map(([, name]) => name);
    expect(names).toEqual(['', ...namesBelow(machine.root)]);
    expect(svg.match(/class="count"/g)).toHaveLength(names.length);
  });
});

describe('a picture', () => {
  it('can be read when states are in each other', async () => {
    expect(illegible(await toSvg(nested))).toEqual([]);
  });

  it('has one line for all that leads from one state to another, and names every event of it', async () => {
    const { lines } = readDrawing(await toSvg(nested));

    expect(lines.map(({ from, events, to }) => `${from} --${events.join(' ')}--> ${to}`).sort()).toEqual([
      ' --HEAT--> on.dim',
      ' --UNPLUG BREAK--> dead',
      'off --SWITCH--> on',
      'off --xstate.after.500.lamp.off--> dead',
      'on --SWITCH--> off',
      'on.bright ----> on.dim',
      'on.dim --TURN--> dead',
      'on.dim --TURN--> on.bright',
    ]);
  });

  it('begins each line at the border of the one state and ends it at the border of the other', async () => {
    const { lines, states } = readDrawing(await toSvg(nested));
    const isAtBorder = (path: string, { x, y }: Point) => {
      const box = states.find((state) => state.path === path)!;
      const isBeside = Math.abs(y - box.y) < 0.2 || Math.abs(y - box.y - box.height) < 0.2;
      return isBeside && x > box.x && x < box.x + box.width;
    };

    const notLocal = lines.filter(({ from, to, points }) => {
      return !isAtBorder(from, points[0]!) || !isAtBorder(to, points.at(-1)!);
    });
    expect(notLocal).toEqual([]);
  });

  it('labels a line with events, guards and delays as people say them', async () => {
    const { labels } = readDrawing(await toSvg(nested));

    expect(labels.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'UNPLUG',
        'TURN [isFar]',
        'TURN [else]',
        'HEAT [tooHot]',
        'after 500 ms',
        'at once [isHot]',
      ]),
    );
  });

  it('writes what a state answers without leaving it into the state', async () => {
    const svg = await toSvg(nested);

    const [, attributes] = /<text class="label"([^>]*)>KNOCK \/ flicker/.exec(svg)!;
    expect(attributes).toContain('data-from="on" data-to="on" data-event="KNOCK"');
    expect(svg).toContain('>RESET ↻<');
  });

  it('shows where each level begins, and what is final', async () => {
    const svg = await toSvg(nested);

    expect(svg.match(/<circle class="start"/g)).toHaveLength(2);
    expect(svg).toContain('<g class="state final" data-state="dead">');
  });

  it('has no beginning in a state that is in all of its children at once', async () => {
    const machine = createMachine({ id: 'both', type: 'parallel', states: { left: {}, right: {} } });

    const svg = await toSvg(machine);

    expect(svg).not.toContain('class="start"');
    expect(svg).toContain('Begins in left and right.');
    expect(illegible(svg)).toEqual([]);
  });

  it('says in words what it shows', async () => {
    const svg = await toSvg(nested);

    expect(svg).toContain('role="img" aria-labelledby="chart-lamp-title" aria-describedby="chart-lamp-description"');
    expect(svg).toContain('<title id="chart-lamp-title">Statechart: lamp</title>');
    expect(svg).toMatch(/<desc id="chart-lamp-description">Begins in off\. Any state goes to dead on UNPLUG, BREAK\./);
    expect(svg).toContain('on.dim goes to on.bright on TURN [isFar].');
  });

  it('is well-formed whatever the names are', async () => {
    const machine = createMachine({ id: 'odd', initial: 'a<b', states: { 'a<b': { on: { '"&"': 'c' } }, c: {} } });

    const svg = await toSvg(machine);

    expect(svg).toContain('data-state="a&lt;b"');
    expect(svg).toContain('data-event="&quot;&amp;&quot;"');
    expect(svg).not.toMatch(/a<b|"&"/);
  });
});

function namesBelow(node: AnyStateMachine['root']): string[] {
  return Object.values(node.states).flatMap((child) => [child.path.join('.'), ...namesBelow(child)]);
}
