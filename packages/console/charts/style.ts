import { labelSize, nameSize } from './measure.ts';

/**
 * Everything has the colour of the text around it, so a chart suits a light and a dark page alike. A page may set
 * `--chart-accent`, the colour of what has the class `lit`. By itself in a browser a chart follows the system's theme.
 */
export const chartStyle = `
svg.chart:root { color-scheme: light dark; color: CanvasText; background: Canvas; }
.chart { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; }
.chart text { fill: currentColor; font-size: ${labelSize}px; }
.chart .name { font-size: ${nameSize}px; font-weight: 600; }
.chart .leaf > text:not(.label), .chart .final > text:not(.label) { text-anchor: middle; }
.chart .leaf:has(> .count:not(:empty)) > .name, .chart .final:has(> .count:not(:empty)) > .name { transform: translateY(-7px); }
.chart .count, .chart .flow { font-weight: 600; fill: var(--chart-accent, currentColor); }
.chart rect { fill: color-mix(in srgb, currentColor 3%, transparent); stroke: currentColor; stroke-opacity: 0.45; }
.chart .leaf > rect, .chart .final > rect { stroke-width: 1.4; stroke-opacity: 0.9; }
.chart path { fill: none; stroke: currentColor; stroke-width: 1.3; stroke-linejoin: round; stroke-opacity: 0.75; }
.chart circle { fill: currentColor; }
.chart .lit > rect { fill: color-mix(in srgb, var(--chart-accent, #3b82f6) 25%, transparent); stroke: var(--chart-accent, #3b82f6); stroke-opacity: 1; }
.chart path.lit { stroke: var(--chart-accent, #3b82f6); stroke-width: 2; stroke-opacity: 1; }
`;
