import { describe, expect, it } from 'vitest';
import { createMachine } from 'xstate';
import { toMermaid } from '../../packages/console/charts/mermaid.ts';

describe('a Mermaid diagram', () => {
  it('has nested states in each other, where each begins, and what is final', () => {
    const lamp = createMachine({
      id: 'lamp',
      initial: 'off',
      states: {
        off: { on: { SWITCH: 'on', BREAK: '#lamp.on.broken' } },
        on: { initial: 'dim', states: { dim: {}, broken: { type: 'final' } }, onDone: 'off' },
      },
    });

    expect(linesOf(lamp)).toEqual([
      'stateDiagram-v2',
      '  [*] --> off',
      '  state on {',
      '    [*] --> dim',
      '    broken --> [*]',
      '  }',
      '  off --> on : SWITCH',
      '  off --> broken : BREAK',
      '  on --> off : done',
    ]);
  });

  it('draws what the whole does at each child that does not do something else, and is not over', () => {
    const lamp = createMachine({
      id: 'lamp',
      initial: 'off',
      on: { UNPLUG: '.dead' },
      states: { off: {}, on: { on: { UNPLUG: {} } }, weak: { on: { UNPLUG: 'off' } }, dead: { type: 'final' } },
    });

    expect(linesOf(lamp)).toEqual([
      'stateDiagram-v2',
      '  [*] --> off',
      '  off --> dead : UNPLUG',
      '  weak --> off : UNPLUG',
      '  dead --> [*]',
    ]);
  });

  it('never leads from a state to its own inside, which Mermaid cannot draw', () => {
    const lamp = createMachine({
      id: 'lamp',
      initial: 'off',
      on: { GLOW: '.on.dim' },
      states: { off: {}, on: { initial: 'dim', states: { dim: {}, bright: {} } } },
    });

    const arrows = linesOf(lamp).filter((line) => line.includes('GLOW'));

    expect(arrows).toEqual(['    dim --> dim : GLOW', '    bright --> dim : GLOW', '  off --> dim : GLOW']);
  });

  it('tells states of one name apart', () => {
    const lamp = createMachine({
      id: 'lamp',
      initial: 'on',
      states: {
        on: { initial: 'idle', states: { idle: { on: { NEXT: '#lamp.off.idle' } } } },
        off: { initial: 'idle', states: { idle: {} } },
      },
    });

    expect(linesOf(lamp).map((line) => line.trim())).toEqual([
      'stateDiagram-v2',
      '[*] --> on',
      'state on {',
      '[*] --> on_idle',
      'state "idle" as on_idle',
      '}',
      'state off {',
      '[*] --> off_idle',
      'state "idle" as off_idle',
      '}',
      'on_idle --> off_idle : NEXT',
    ]);
  });

  it('says what guards, delays, invocations and the absence of an event are', () => {
    const lamp = createMachine({
      id: 'lamp',
      initial: 'a',
      states: {
        a: { on: { GO: [{ guard: 'isDark', target: 'b' }, { target: 'c' }], '*': 'c' } },
        b: { after: { 500: 'c', long: 'a' }, always: { guard: 'isCold', target: 'c' } },
        c: { invoke: { id: 'bulb', src: 'bulb', onDone: 'a', onError: 'b' } },
      },
    });

    expect(linesOf(lamp).slice(2)).toEqual([
      '  a --> b : GO [isDark]',
      '  a --> c : GO [else], anything else',
      '  b --> c : after 500 ms, at once [isCold]',
      '  b --> a : after long',
      '  c --> a : bulb done',
      '  c --> b : bulb failed',
    ]);
  });
});

function linesOf(machine: Parameters<typeof toMermaid>[0]): string[] {
  return toMermaid(machine).split('\n');
}
