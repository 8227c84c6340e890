import type { AnyStateMachine } from 'xstate';
import { readChart } from './chart.ts';
import { describeChart } from './describe.ts';
import { drawArrow, drawState } from './draw.ts';
import { px } from './geometry.ts';
import { layOutChart } from './layout.ts';
import { chartStyle } from './style.ts';
import { element, escapeXml } from './xml.ts';

/** Around everything, px: half of every line is outside of its box. */
const margin = 2;

/**
 * A statechart as an SVG document, for a page to bring to life:
 *
 *   g[data-state="registered.idle"]                   a state, "" for the whole; the class `lit` lights it
 *     text.count                                      empty, for how many are in it
 *   path[data-from][data-to][data-event~="close"]     a transition, of all the events that make it; `lit` as well
 *   text.label[data-from][data-to][data-event="close"] > tspan.flow   empty, for how often that event makes it
 *
 * Events are named as xstate names them. What a state answers without leaving it is a label alone, from the state to itself.
 */
export async function toSvg(machine: AnyStateMachine): Promise<string> {
  const chart = readChart(machine);
  const { width, height, states, arrows } = await layOutChart(chart);
  const [outerWidth, outerHeight] = [width + 2 * margin, height + 2 * margin].map(px);
  const id = `chart-${machine.id}`;
  const attributes = {
    xmlns: 'http://www.w3.org/2000/svg',
    class: 'chart',
    role: 'img',
    'aria-labelledby': `${id}-title`,
    'aria-describedby': `${id}-description`,
    viewBox: `${-margin} ${-margin} ${outerWidth} ${outerHeight}`,
    width: outerWidth,
    height: outerHeight,
  };
  const content = [
    element('title', { id: `${id}-title` }, escapeXml(`Statechart: ${machine.id}`)),
    element('desc', { id: `${id}-description` }, escapeXml(describeChart(chart))),
    element('style', {}, chartStyle),
    ...states.map(drawState),
    ...arrows.map(drawArrow),
  ];
  return element('svg', attributes, `\n${content.join('\n')}\n`);
}
