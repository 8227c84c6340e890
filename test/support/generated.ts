import { connectionMachine } from '../../machines/connection.ts';
import { disconnects } from '../../machines/disconnect.ts';
import { podMachine } from '../../machines/pod.ts';
import { registryLinkMachine } from '../../machines/registry-link.ts';
import { toMermaid } from '../../packages/console/charts/mermaid.ts';
import { configTable } from '../../src/config.ts';
import { kindOf } from '../../src/http/problems.ts';
import { shownSteps } from './walk/callback-steps.ts';
import { curlCommand } from './walk/curl.ts';
import { statusOf } from './walk/step.ts';

const sections: Record<string, () => string> = {
  connection: () => fence('mermaid', toMermaid(connectionMachine)),
  pod: () => fence('mermaid', toMermaid(podMachine)),
  registryLink: () => fence('mermaid', toMermaid(registryLinkMachine)),
  disconnects: () =>
    table(
      ['code', 'when', 'connect again?'],
      disconnects.map(({ code, when, reconnect }) => [String(code), when, reconnect ? 'yes' : 'no']),
    ),
  callbacks: () =>
    table(
      ['status', 'code', 'when', 'such as'],
      shownSteps.map((step) => {
        const { headers = [], when } = typeof step.answer === 'number' ? { when: step.when! } : kindOf(step.answer);
        const status = `${statusOf(step)}${headers.includes('Retry-After') ? ' + Retry-After' : ''}`;
        const code = typeof step.answer === 'number' ? '' : `\`${step.answer}\``;
        return [status, code, when, `\`${curlCommand('POD:8081', step.request)}\``];
      }),
    ),
  configuration: () =>
    table(
      ['variable', 'default', 'allowed', 'what it is'],
      configTable().map((row) => [`\`${row.name}\``, row.default && `\`${row.default}\``, row.allowed, row.about]),
    ),
};

const section = /(<!-- generated:(\w+) -->\n)[\s\S]*?(<!-- \/generated:\2 -->)/g;

/** The sections that the code has something for. */
export const sectionNames = Object.keys(sections);

/** The sections that a document has, in its order. */
export function sectionsOf(text: string): string[] {
  return [...text.matchAll(section)].map(([, , name]) => name!);
}

/** A document with every generated section as the code has it now. Throws for a section nobody generates. */
export function renderGenerated(text: string): string {
  return text.replaceAll(section, (_all, begin: string, name: string, end: string) => {
    const render = sections[name];
    if (!render) throw new Error(`no such generated section: ${name}`);
    return `${begin}${render()}\n${end}`;
  });
}

function fence(language: string, text: string): string {
  return `\`\`\`${language}\n${text}\n\`\`\``;
}

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`.replaceAll('|  |', '| |');
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
