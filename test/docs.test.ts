import { describe, expect, it } from 'vitest';
import { createMetrics } from '../src/observe/metrics.ts';
import { deadLinks, docs, linksOf } from './support/docs.ts';
import { renderGenerated, sectionNames, sectionsOf } from './support/generated.ts';
import { renderKustomization } from './support/k8s/kustomize.ts';
import { ofKind } from './support/k8s/objects.ts';
import { clusterRules, serverRules } from './support/redis-user.ts';

const everything = [...docs.values()].join('\n');
const chapters = [...docs.keys()].filter((path) => path.startsWith('docs/'));

describe.each([...docs])('%s', (path, text) => {
  it('shows the charts, close codes, answers and variables as the code has them (npm run docs)', () => {
    const rendered = renderGenerated(text);

    expect(rendered).toBe(text);
  });

  it('has no link that leads nowhere', () => {
    expect(deadLinks(path, text)).toEqual([]);
  });
});

it('a link leads nowhere without its file, or its heading in that file or this one', () => {
  const text =
    '# There\n```sh\n# no heading\n```\n[1](testing.md), [2](#there), [3](../README.md#try-it), [4](https://a.example/b)';
  const dead =
    '| a |\n| --- |\n| [1](test.md), [2](#here), [3](../README.md#try), [4](#no-heading), [5](../src/pod.ts#pod) |';

  expect(deadLinks('docs/a.md', text)).toEqual([]);
  expect(deadLinks('docs/a.md', `${text}\n\n${dead}`)).toEqual(linksOf(dead));
});

it('the README leads to every chapter', () => {
  expect(linksOf(docs.get('README.md')!)).toEqual(expect.arrayContaining(chapters));
});

it('each generated section is there once', () => {
  const shown = [...docs.values()].flatMap((text) => sectionsOf(text));

  expect(shown.sort()).toEqual([...sectionNames].sort());
});

it('every metric of our own has its line, and no other is named', async () => {
  const metrics = createMetrics();
  metrics.observe({
    connectionStates: () => new Map(),
    drainPhase: () => 'serving',
    isRegistryUp: () => true,
    isRegistryEvicting: () => false,
    dirty: () => ({ count: 0, oldestMs: 0 }),
    droppedLogLines: () => 0,
  });

  const exposed = [...(await metrics.text()).matchAll(/^# TYPE (ws_connect_\w+)/gm)].map(([, name]) => name!);
  metrics.close();

  const lines = everything.match(/^\| `ws_connect_[^|]+\|/gm) ?? [];
  expect(namesIn(lines.join('\n')).sort()).toEqual(exposed.sort());
  expect(exposed).toEqual(expect.arrayContaining(namesIn(everything)));
});

function namesIn(text: string): string[] {
  return [...text.matchAll(/`(ws_connect_\w+)(?:\{[\w,]+\})?`/g)].map(([, name]) => name!);
}

it('every alert has its line, in their order, which leads to where its runbook does', () => {
  const [alerts] = ofKind(renderKustomization('overlays/prod'), 'PrometheusRule');
  const rules = alerts!.spec.groups.flatMap((group) => group.rules);

  const lines = [...everything.matchAll(/^\| `(WsConnect\w+)` \|.*\]\((?:\w+\.md)?(#[\w-]+)\) \|$/gm)];

  const places = rules.map(({ alert, annotations }) => [alert, /#[\w-]+/.exec(annotations['runbook']!)?.[0]]);
  expect(lines.map(([, name, place]) => [name, place])).toEqual(places);
});

it('the rights that Redis is asked for are those that are enough for the tests', () => {
  const rules = clusterRules.slice(serverRules.length);

  expect(everything).toContain(`~ws-connect:* ${serverRules.join(' ')}\n`);
  expect(everything).toContain(`ACL SETUSER gateway ${rules.join(' ')}\n`);
});
