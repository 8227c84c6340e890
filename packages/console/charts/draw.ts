import type { ChartLabel, ChartState } from './chart.ts';
import type { Point } from './geometry.ts';
import { px } from './geometry.ts';
import type { PlacedArrow, PlacedState } from './layout.ts';
import { pathOf } from './line.ts';
import { dotSize, headHeight, labelSize, lineHeight, nameSize, padding, widthOfName } from './measure.ts';
import { element, escapeXml } from './xml.ts';

const cornerRadius = 10;
/** From the outer line of a final state to its inner one. */
const doubleLine = 3.5;
/** From the top of a line of text to where its letters stand. */
const baseline = { name: headHeight / 2 + nameSize / 3, label: labelSize };

export function drawState({ state, headX, start, ...box }: PlacedState): string {
  const isLeaf = state.children.length === 0;
  const name = { x: isLeaf ? box.x + box.width / 2 : headX, y: box.y + baseline.name };
  const count = isLeaf
    ? { x: name.x, y: name.y + nameSize / 2 + 1 }
    : { x: headX + widthOfName(state) + padding / 2, y: name.y };
  const reactionX = isLeaf ? box.x + padding : headX;
  const content = [
    drawBox(box, 0),
    state.isFinal ? drawBox(box, doubleLine) : '',
    text('name', name, escapeXml(state.name)),
    text('count', count),
    ...state.reactions.map((label, index) => {
      return drawLabel(label, { from: state, to: state }, { x: reactionX, y: box.y + headHeight + index * lineHeight });
    }),
    start ? drawStart(start) : '',
  ];
  const kind = state.isFinal ? 'final' : isLeaf ? 'leaf' : 'compound';
  return element('g', { class: `state ${kind}`, 'data-state': state.path }, content.join(''));
}

export function drawArrow({ arrow, line, label: { x, y } }: PlacedArrow): string {
  const { from, to, labels } = arrow;
  const events = [...new Set(labels.map(({ event }) => event))].join(' ');
  const path = element('path', { ...ends(arrow), 'data-event': events, d: pathOf(line) });
  const texts = labels.map((label, index) => drawLabel(label, { from, to }, { x, y: y + index * lineHeight }));
  return element('g', { class: 'transition' }, path + texts.join(''));
}

function drawStart({ dot, line }: { dot: Point; line: Point[] }): string {
  const circle = element('circle', { class: 'start', cx: px(dot.x), cy: px(dot.y), r: dotSize / 2 });
  return circle + element('path', { class: 'start', d: pathOf(line) });
}

function drawBox({ x, y, width, height }: Pick<PlacedState, 'x' | 'y' | 'width' | 'height'>, inset: number): string {
  return element('rect', {
    x: px(x + inset),
    y: px(y + inset),
    width: px(width - 2 * inset),
    height: px(height - 2 * inset),
    rx: cornerRadius - inset,
  });
}

/** With an empty place for how often it happens. */
function drawLabel({ event, text: label }: ChartLabel, arrow: { from: ChartState; to: ChartState }, { x, y }: Point) {
  const place = { x: px(x), y: px(y + baseline.label) };
  const flow = '<tspan class="flow" dx="6"></tspan>';
  return element('text', { class: 'label', ...ends(arrow), 'data-event': event, ...place }, escapeXml(label) + flow);
}

function text(className: string, { x, y }: Point, content = ''): string {
  return element('text', { class: className, x: px(x), y: px(y) }, content);
}

function ends({ from, to }: { from: ChartState; to: ChartState }): Record<string, string> {
  return { 'data-from': from.path, 'data-to': to.path };
}
