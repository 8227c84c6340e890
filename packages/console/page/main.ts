/** The operator page of one pod: what it is told once a second, and what is asked for on the way. */
import { showBreakdowns } from './breakdown.ts';
import { Chart, showNumbers } from './chart.ts';
import { createConfirm } from './confirm.ts';
import { offerStates, showConnections } from './connection-list.ts';
import { showDevice } from './device-panel.ts';
import { showDrain } from './drain-panel.ts';
import { showFigures } from './figures.ts';
import { showFleet } from './fleet.ts';
import { History } from './history.ts';
import { Status } from './status.ts';
import { Stream } from './stream.ts';
import type { Overview } from './wire.ts';

/** An overview comes every second. */
const silentMs = 5000;

const confirm = createConfirm();
const history = new History();
const status = new Status();
const drawFigures = showFigures(history);
const drawBreakdowns = showBreakdowns(history);
const drawDrain = showDrain(confirm);
let latest: Overview | undefined;
let connectionChart: Chart | undefined;
let podChart: Chart | undefined;

function drawCharts(): void {
  if (!latest) return;
  if (connectionChart) showNumbers(connectionChart, latest.states, history.flows);
  podChart?.light(latest.state);
}

async function loadCharts(): Promise<void> {
  connectionChart ??= await Chart.load('connection');
  podChart ??= await Chart.load('pod');
  if (connectionChart) offerStates(connectionChart.states);
  drawCharts();
}

const live = new Stream('/events', {
  on: {
    overview(value) {
      latest = value as Overview;
      history.add(latest);
      status.show(latest);
      drawFigures();
      drawBreakdowns(latest);
      drawDrain(latest);
      drawCharts();
    },
  },
  up() {
    status.up();
    void loadCharts();
  },
  down: () => status.down(),
  silentMs,
});

/** Nobody looks at a hidden page, but whoever drains a pod wants to have seen all of it. */
function followVisibility(): void {
  if (!document.hidden && !live.isOpen) live.open();
  else if (document.hidden && latest?.drain.phase !== 'draining') live.close();
}

showConnections();
showDevice(confirm);
showFleet(() => latest?.podId);
document.addEventListener('visibilitychange', followVisibility);
followVisibility();
