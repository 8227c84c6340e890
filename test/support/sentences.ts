import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Where the program and its packages are. */
const folders = ['src', 'machines', 'packages'].filter((folder) => existsSync(join(root, folder)));

/** Folders whose files are of others, or made. */
const foreign = ['node_modules', 'dist'];

/** Every file of the program, by its path from the root, such as `src/pod.ts`: TypeScript, and the HTML of the operator page. */
export const sources: ReadonlyMap<string, string> = new Map(
  folders.flatMap(findSources).map((path) => [path, readFileSync(join(root, path), 'utf8')]),
);

function findSources(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = posix.join(folder, entry.name);
    if (entry.isDirectory()) return foreign.includes(entry.name) ? [] : findSources(path);
    return /\.(ts|html)$/.test(entry.name) ? [path] : [];
  });
}

/** What a text is cut into. Only strings are kept; comments and regular expressions are there because they can contain quotes. */
const token = new RegExp(
  [
    String.raw`\/\/[^\n]*`,
    String.raw`\/\*[^]*?\*\/`,
    String.raw`(?<=[(,=:[!&|?{};\n]\s*)\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/`,
    String.raw`(?<string>'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|\`(?:\\.|[^\`\\])*\`)`,
  ].join('|'),
  'g',
);

/**
 * The strings of a TypeScript file, each where it is in the file, and spaces in place of everything else. Words that are names stay out:
 * a string without a space, and what is in backquotes or in `${}` within a string.
 */
export function stringsOf(source: string): string {
  return keep(source, source.matchAll(token), ({ groups: { string = '' } = {} }) =>
    string.includes(' ') ? string.slice(1, -1).replace(/\\?`[^`]*`|\$\{[^}]*\}/g, blank) : '',
  );
}

/** The prose of a Markdown document, with spaces in place of code. */
export function proseOf(markdown: string): string {
  return markdown.replace(/^```[^]*?^```/gm, blank).replace(/`[^`\n]*`/g, blank);
}

/** The text with the same lines, of which each match has become what `shown` makes of it, and the rest is spaces. */
function keep(text: string, matches: Iterable<RegExpExecArray>, shown: (match: RegExpExecArray) => string): string {
  let kept = '';
  for (const match of matches) {
    kept += blank(text.slice(kept.length, match.index)) + ` ${shown(match)}`;
    const end = match.index + match[0].length;
    kept += blank(text.slice(kept.length, end));
  }
  return kept;
}

/** As many spaces, and the same line breaks. */
function blank(text: string): string {
  return text.replace(/[^\n]/g, ' ');
}
