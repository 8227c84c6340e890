import { beforeAll, describe, expect, it } from 'vitest';
import { renderKustomization } from '../support/k8s/kustomize.ts';
import { dashboardsOf, ofKind } from '../support/k8s/objects.ts';
import { findPromtool, promtool } from '../support/promtool.ts';

const objects = renderKustomization('overlays/prod');
const [alerts] = ofKind(objects, 'PrometheusRule');

/** What the series of a namespace `n` is from minute to minute, in the notation of promtool. */
type Series = Record<string, string>;

const pod = '{namespace="n",pod="p"}';
const up = `ws_connect_registry_up${pod}`;
const dirty = `ws_connect_registry_oldest_dirty_seconds${pod}`;
const evicting = `ws_connect_registry_evicting${pod}`;
const lag = `ws_connect_event_loop_lag_seconds${pod}`;
const phase = `ws_connect_drain_phase${pod}`;
const callbacks = (outcome: string) => `ws_connect_callbacks_total{namespace="n",pod="p",outcome="${outcome}"}`;
const connects = (result: string) => `ws_connect_connects_total{namespace="n",pod="p",result="${result}"}`;
const connections = (state: string) => `ws_connect_connections{namespace="n",pod="p",state="${state}"}`;

/** From which minute on an alert calls when its series are so. */
const heard: [alert: string, minute: number, Series][] = [
  ['WsConnectAbsent', 5, { up: '0x10' }],
  ['WsConnectRegistryDown', 1, { [up]: '0x10' }],
  ['WsConnectEntriesNotRepaired', 2, { [up]: '1x10', [dirty]: '61x10' }],
  ['WsConnectRegistryEvicts', 5, { [evicting]: '1x10' }],
  ['WsConnectCallbacksFailing', 6, { [callbacks('owner-unreachable')]: '0+6x20', [callbacks('delivered')]: '0+94x20' }],
  ['WsConnectEventLoopLag', 5, { [lag]: '0.2x10' }],
  ['WsConnectNearlyFull', 10, { [connections('registered.idle')]: '15000x20', [connections('closing')]: '1x20' }],
  ['WsConnectStuckDraining', 1, { [phase]: '1x10' }],
  ['WsConnectAuthUnavailable', 6, { [connects('auth-unavailable')]: '0+1x20' }],
];

describe('promtool', () => {
  beforeAll(findPromtool); // it may have to be fetched

  it('takes the alerts', async () => {
    const said = await promtool(['check', 'rules'], 'alerts.json', { 'alerts.json': alerts!.spec });

    expect(said).toContain(`SUCCESS: ${alerts!.spec.groups[0]!.rules.length} rules found`);
  });

  it('takes every expression of the dashboard', async () => {
    const expressions = dashboardsOf(objects)
      .flatMap(({ panels }) => panels)
      .flatMap(({ targets = [] }) => targets)
      .map(({ expr }) => expr.replace('$__rate_interval', '1m'));
    const rules = expressions.map((expr, index) => ({ record: `panel:${index}`, expr }));

    const said = await promtool(['check', 'rules'], 'panels.json', {
      'panels.json': { groups: [{ name: 'panels', rules }] },
    });

    expect(said).toContain(`SUCCESS: ${expressions.length} rules found`);
  });

  it('is asked for each alert', () => {
    const names = alerts!.spec.groups.flatMap(({ rules }) => rules).map(({ alert }) => alert);

    expect(heard.map(([alert]) => alert)).toEqual(names);
  });

  it.each(heard)('hears %s after %d minutes', async (alert, minute, series) => {
    expect(await fires(alert, minute, series)).toBe(true);
    expect(await fires(alert, minute - 1, series)).toBe(false);
  });

  it.each<[string, why: string, Series]>([
    ['WsConnectAbsent', 'one pod is there', { [up]: '0x20' }],
    ['WsConnectRegistryDown', 'the registry was away for a moment', { [up]: '1x9 0 1x10' }],
    ['WsConnectEntriesNotRepaired', 'the registry is away', { [up]: '0x20', [dirty]: '0+60x20' }],
    ['WsConnectRegistryEvicts', 'Redis keeps every entry', { [evicting]: '0x20' }],
    [
      'WsConnectCallbacksFailing',
      'devices are gone',
      { [callbacks('not-connected')]: '0+50x20', [callbacks('delivered')]: '0+50x20' },
    ],
    [
      'WsConnectCallbacksFailing',
      'few fail',
      { [callbacks('owner-unreachable')]: '0+4x20', [callbacks('delivered')]: '0+96x20' },
    ],
    ['WsConnectEventLoopLag', 'it is late now and then', { [lag]: '0.2x3 0.01 0.2x3 0.01 0.2x3 0.01 0.2x3 0.01' }],
    [
      'WsConnectNearlyFull',
      'there is room',
      { [connections('registered.idle')]: '14999x20', [connections('closing')]: '1x20' },
    ],
    ['WsConnectStuckDraining', 'a pod drains and goes', { [phase]: '0x9 1 stale' }],
    ['WsConnectAuthUnavailable', 'devices have bad tokens', { [connects('bad-token')]: '0+9x20' }],
  ])('hears no %s when %s', async (alert, _why, series) => {
    expect(await fires(alert, 10, series)).toBe(false);
  });
});

/** Does the alert call at this minute? */
async function fires(alertname: string, minute: number, series: Series): Promise<boolean> {
  const inputs = Object.entries(series).map(([name, values]) => ({ series: name, values }));
  const said = await promtool(['test', 'rules'], 'test.json', {
    'alerts.json': alerts!.spec,
    'test.json': {
      rule_files: ['alerts.json'],
      tests: [
        {
          interval: '1m',
          input_series: inputs,
          alert_rule_test: [{ eval_time: `${minute}m`, alertname, exp_alerts: [] }],
        },
      ],
    },
  });
  const [, got] = /got:\[([\s\S]*)\]/.exec(said) ?? [];
  if (got === undefined && !said.includes('SUCCESS')) throw new Error(said);
  return got !== undefined;
}
