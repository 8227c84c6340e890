/** A chart as the graph that elk lays out. */
import type { ElkExtendedEdge, ElkNode, LayoutOptions } from 'elkjs/lib/elk-api.js';
import type { Chart, ChartArrow, ChartState } from './chart.ts';
import { dotSize, padding, sizeOfHead, sizeOfLabel } from './measure.ts';

/**
 * For every level of the graph; see https://eclipse.dev/elk/reference.html. Lines lead downward in the order in which the chart
 * names its states, and every node grows until its lines have room at its border.
 */
export const layoutOptions: LayoutOptions = {
  'elk.algorithm': 'layered',
  'elk.direction': 'DOWN',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.layered.cycleBreaking.strategy': 'DEPTH_FIRST',
  'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
  'elk.layered.edgeLabels.sideSelection': 'ALWAYS_UP',
  'elk.layered.thoroughness': '30',
  'elk.nodeSize.constraints': '[PORTS, MINIMUM_SIZE]',
  'elk.spacing.nodeNode': '28',
  'elk.spacing.edgeNode': '16',
  'elk.spacing.edgeEdge': '16',
  'elk.spacing.edgeLabel': '5',
  'elk.spacing.portPort': '16',
  'elk.layered.spacing.nodeNodeBetweenLayers': '24',
  'elk.layered.spacing.edgeNodeBetweenLayers': '14',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '12',
};

/** All levels are laid out together, so that a line may lead from any state to any other. Places are those in the picture. */
export function graphOf({ root, arrows }: Chart): ElkNode {
  return {
    id: 'chart',
    layoutOptions: {
      'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
      'elk.json.edgeCoords': 'ROOT',
      'elk.json.shapeCoords': 'ROOT',
      'elk.padding': '[top=0,left=0,bottom=0,right=0]',
    },
    children: [nodeOf(root, arrows)],
    edges: [...startsOf(root), ...arrows.map(edgeOf)],
  };
}

export function idOf({ path }: ChartState): string {
  return `state ${path}`;
}

/** Of the dot where a state begins that has others in it. */
export function startIdOf({ path }: ChartState): string {
  return `start ${path}`;
}

export function idOfArrow({ from, to }: ChartArrow): string {
  return `arrow ${from.path} ${to.path}`;
}

function nodeOf(state: ChartState, arrows: readonly ChartArrow[]): ElkNode {
  const head = sizeOfHead(state);
  const sides = `left=${padding},bottom=${padding},right=${padding}`;
  const dot = state.initial ? [{ id: startIdOf(state), width: dotSize, height: dotSize }] : [];
  const inward = arrows.filter((arrow) => arrow.from === state && leadsInside(arrow));
  return {
    id: idOf(state),
    ...head,
    layoutOptions: {
      'elk.nodeSize.minimum': `(${head.width},${head.height})`,
      'elk.padding': `[top=${head.height},${sides}]`,
      ...(inward.length > 0 && { 'elk.portConstraints': 'FIXED_SIDE' }),
    },
    ports: inward.map((arrow) => ({ id: idOfArrow(arrow), layoutOptions: { 'elk.port.side': 'NORTH' } })),
    children: [...dot, ...state.children.map((child) => nodeOf(child, arrows))],
  };
}

/** From a state to one of those in it: such a line begins at the top of the outer state. */
function leadsInside({ from, to }: ChartArrow): boolean {
  return from.path === '' || to.path.startsWith(`${from.path}.`);
}

function startsOf(state: ChartState): ElkExtendedEdge[] {
  const own = state.initial
    ? [{ id: startIdOf(state), sources: [startIdOf(state)], targets: [idOf(state.initial)] }]
    : [];
  return [...own, ...state.children.flatMap(startsOf)];
}

function edgeOf(arrow: ChartArrow): ElkExtendedEdge {
  const { from, to, labels } = arrow;
  const text = labels.map((label) => label.text).join('\n');
  return {
    id: idOfArrow(arrow),
    sources: [leadsInside(arrow) ? idOfArrow(arrow) : idOf(from)],
    targets: [idOf(to)],
    labels: [{ text, ...sizeOfLabel(arrow) }],
  };
}
