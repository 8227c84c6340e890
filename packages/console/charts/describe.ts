import type { Chart, ChartState } from './chart.ts';

/** The chart in words, for whoever cannot see it. */
export function describeChart({ root, arrows }: Chart): string {
  const sentences = arrows.map(({ from, to, labels }) => {
    return `${nameOf(from)} goes to ${nameOf(to)} on ${labels.map(({ text }) => text).join(', ')}.`;
  });
  return [`Begins in ${beginning(root)}.`, ...sentences].join(' ');
}

function nameOf(state: ChartState): string {
  return state.parent ? state.path : 'Any state';
}

/** Where a machine is right after its start; all of them when it is in several states at once. */
function beginning(state: ChartState): string {
  if (state.children.length === 0) return state.path;
  return (state.initial ? [state.initial] : state.children).map(beginning).join(' and ');
}
