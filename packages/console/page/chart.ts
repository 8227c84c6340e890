import { byId, setRows, setText } from './dom.ts';
import { edgeOf } from './edges.ts';
import { count, rate } from './format.ts';
import type { FlowRate } from './history.ts';
import { isWithin, sumBelow } from './history.ts';

interface Label {
  from: string;
  event: string;
  to: string;
  /** What the label says but for the flow. */
  text: string;
  flow: Element;
}

/** A statechart of the program as the build has drawn it, with a place for a number at every state and transition. */
export class Chart {
  readonly #states: Map<string, SVGGElement>;
  readonly #labels: Label[];
  readonly #arrows: SVGPathElement[];

  private constructor(svg: SVGSVGElement) {
    const groups = [...svg.querySelectorAll<SVGGElement>('g[data-state]')];
    this.#states = new Map(groups.map((group) => [group.dataset['state']!, group]));
    this.#arrows = [...svg.querySelectorAll<SVGPathElement>('path[data-event]')];
    this.#labels = [...svg.querySelectorAll<SVGTextElement>('text.label')].map((label) => {
      const { from = '', event = '', to = '' } = label.dataset;
      return { from, event, to, text: label.textContent, flow: label.querySelector('.flow')! };
    });
  }

  /** Draws the chart of this name into the element `NAME-chart`. Undefined when the pod does not answer. */
  static async load(name: string): Promise<Chart | undefined> {
    const response = await fetch(`/machines/${name}?format=svg`).catch(() => undefined);
    if (!response?.ok) return undefined;
    const text = adoptStyle(await response.text());
    const svg = document.importNode(new DOMParser().parseFromString(text, 'image/svg+xml').documentElement, true);
    if (!(svg instanceof SVGSVGElement)) return undefined;
    byId(`${name}-chart`, HTMLDivElement).replaceChildren(svg);
    return new Chart(svg);
  }

  /** The dotted names of the states, the whole machine left out. */
  get states(): string[] {
    return [...this.#states.keys()].filter((state) => state !== '');
  }

  showCounts(states: Record<string, number>): void {
    for (const [state, group] of this.#states) {
      const isFinal = group.classList.contains('final'); // who is over is not there
      setText(group.querySelector(':scope > .count')!, isFinal ? '' : count(sumBelow(states, state)));
    }
  }

  /** Returns the transitions that were taken, with how often a second. */
  showFlows(flows: readonly FlowRate[]): Map<Label, number> {
    const sums = new Map<Label, number>();
    for (const flow of flows) {
      const label = flow.perSecond > 0 && edgeOf(flow, this.#labels);
      if (label) sums.set(label, (sums.get(label) ?? 0) + flow.perSecond);
    }
    for (const label of this.#labels) {
      const sum = sums.get(label);
      setText(label.flow, sum === undefined ? '' : `${rate(sum)}/s`);
    }
    const taken = [...sums.keys()];
    for (const arrow of this.#arrows) {
      const { from, to } = arrow.dataset;
      arrow.classList.toggle(
        'lit',
        taken.some((label) => label.from === from && label.to === to),
      );
    }
    return sums;
  }

  /** Lights the state it is in, and those around that one. */
  light(state: string): void {
    for (const [name, group] of this.#states) group.classList.toggle('lit', name !== '' && isWithin(state, name));
  }
}

/** The numbers of the connections' chart as tables, for whoever does not see it. */
export function showNumbers(chart: Chart, states: Record<string, number>, flows: readonly FlowRate[]): void {
  chart.showCounts(states);
  const sums = chart.showFlows(flows);
  const leaves = chart.states.filter(
    (state) => !chart.states.some((other) => other !== state && isWithin(other, state)),
  );
  const present = leaves.map((state) => ({ key: state, cells: [state, count(states[state] ?? 0)] }));
  setRows(byId('states', HTMLTableSectionElement), present);
  const taken = [...sums].map(([{ from, event, to }, sum]) => {
    return { key: `${from} ${event} ${to}`, cells: [event, from || 'any', to, rate(sum)] };
  });
  setRows(byId('flows', HTMLTableSectionElement), taken);
}

/** Returns the picture without its style element, which the page's policy would refuse: a sheet that a script makes it trusts. */
function adoptStyle(svg: string): string {
  return svg.replace(/<style>([^<]*)<\/style>/, (_all, rules: string) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(rules);
    document.adoptedStyleSheets.push(sheet);
    return '';
  });
}
