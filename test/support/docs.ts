import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import GithubSlugger from 'github-slugger';
import type { Token } from 'marked';
import { marked } from 'marked';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Folders whose documents are of others, or made. */
const foreign = ['node_modules', 'dist', 'coverage'];

/** Every Markdown file of the repository, by its path from the root, such as `docs/devices.md`. */
export const docs: ReadonlyMap<string, string> = new Map(
  findDocs('').map((path) => [path, readFileSync(join(root, path), 'utf8')]),
);

function findDocs(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = posix.join(folder, entry.name);
    if (!entry.isDirectory()) return path.endsWith('.md') ? [path] : [];
    return foreign.includes(entry.name) || entry.name.startsWith('.') ? [] : findDocs(path);
  });
}

/** The only code block in this language with this in it, wherever it is. Throws when there is none, or another one. */
export function codeBlock(language: string, part: string): string {
  const blocks = [...docs.values()]
    .flatMap((text) => tokensOf(text))
    .flatMap((token) => (token.type === 'code' && token['lang'] === language ? [String(token['text'])] : []))
    .filter((code) => code.includes(part));
  const [only, ...others] = blocks;
  if (only === undefined || others.length > 0) throw new Error(`${blocks.length} blocks of ${language} have ${part}`);
  return only;
}

/** What a document links to that is no other site: `devices.md#connect`, `../src/pod.ts`, `#the-page`. */
export function linksOf(text: string): string[] {
  const targets = tokensOf(text).flatMap((token) =>
    token.type === 'link' || token.type === 'image' ? [String(token['href'])] : [],
  );
  return targets.filter((target) => !/^[a-z]+:/.test(target));
}

/** The links of a document at this path that lead nowhere. */
export function deadLinks(path: string, text: string): string[] {
  return linksOf(text).filter((link) => !isThere(link, path, text));
}

/** Does a link lead to a file of the repository, and to a heading in it if it names one? By default from the root. */
export function isThere(link: string, from = 'README.md', text = docs.get(from)!): boolean {
  const [file = '', anchor] = link.split('#');
  const target = file === '' ? from : posix.join(posix.dirname(from), file);
  if (anchor === undefined) return existsSync(join(root, target));
  const content = target === from ? text : docs.get(target);
  return anchorsOf(content ?? '').includes(anchor);
}

/** What a `#` can name in a document on GitHub. */
function anchorsOf(text: string): string[] {
  const slugger = new GithubSlugger();
  return tokensOf(text).flatMap((token) => (token.type === 'heading' ? [slugger.slug(String(token['text']))] : []));
}

/** Everything in it, also within lists and tables. */
function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  void marked.walkTokens(marked.lexer(text), (token) => void tokens.push(token));
  return tokens;
}
