/** What a PromQL expression names. */
export interface Query {
  selectors: Selector[];
  /** The labels of every `by (…)`, `on (…)` and the like. */
  grouping: string[];
  /** Only the labels of the grouping are left in the answer. */
  isAggregated: boolean;
}

export interface Selector {
  metric: string;
  matchers: { label: string; operator: string; value: string }[];
}

const tokens = /"(?:[^"\\]|\\.)*"|\[[^\]]*\]|[A-Za-z_:][\w:]*|=~|!~|[!=<>]=|[-+*/^%<>=(){},]|[\d.]+\w*/g;
const aggregations = ['sum', 'min', 'max', 'avg', 'count'];
const operators = ['and', 'or', 'unless', 'bool'];
const modifiers = ['by', 'without', 'on', 'ignoring', 'group_left', 'group_right'];

/** Reads the names in an expression. Whether it is good PromQL is promtool's business. */
export function readQuery(expression: string): Query {
  const words = expression.match(tokens) ?? [];
  const query: Query = { selectors: [], grouping: [], isAggregated: false };
  let next = 0;
  const until = (end: string) => {
    const start = next;
    while (next < words.length && words[next] !== end) next += 1;
    return words.slice(start, next).filter((word) => word !== ',');
  };
  while (next < words.length) {
    const word = words[next]!;
    next += 1;
    if (!/^[A-Za-z_:]/.test(word) || operators.includes(word)) continue;
    if (aggregations.includes(word)) {
      query.isAggregated = true;
      continue;
    }
    const following = words[next];
    if (following === '(') {
      if (modifiers.includes(word)) query.grouping.push(...until(')').slice(1));
      continue; // else a function
    }
    if (following === '{') next += 1;
    query.selectors.push({ metric: word, matchers: following === '{' ? readMatchers(until('}')) : [] });
  }
  return query;
}

function readMatchers(words: string[]): Selector['matchers'] {
  const matchers = [];
  for (let index = 0; index < words.length; index += 3) {
    const [label = '', operator = '', value = ''] = words.slice(index, index + 3);
    matchers.push({ label, operator, value: value.slice(1, -1) });
  }
  return matchers;
}
