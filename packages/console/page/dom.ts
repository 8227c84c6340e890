/** What the page does with elements. All text goes in as text, never as markup. */

type Content = Node | string;

/** The element with this id. Throws when index.html has none. */
export function byId<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new TypeError(`there is no ${type.name} #${id}`);
  return found;
}

export function create<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Record<string, string> = {},
  ...content: Content[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
  element.append(...content);
  return element;
}

export function createSvg<K extends keyof SVGElementTagNameMap>(
  name: K,
  attributes: Record<string, string> = {},
): SVGElementTagNameMap[K] {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
  return element;
}

/** Touches it only when it is another text: whoever has marked it, or is reading it, is left alone. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export interface Row {
  /** Tells it from the others of its table. */
  key: string;
  /** The first is the row's header. Elements stay what they are while they are the same ones. */
  cells: Content[];
  className?: string;
}

/** Makes these the rows of a table's body, and keeps the ones that stay. */
export function setRows(body: HTMLTableSectionElement, rows: readonly Row[]): void {
  const before = new Map([...body.rows].map((row) => [row.dataset['key'], row]));
  const wanted = rows.map((row) => {
    const element = before.get(row.key) ?? create('tr', { 'data-key': row.key });
    element.className = row.className ?? '';
    setCells(element, row.cells);
    return element;
  });
  for (const element of before.values()) if (!wanted.includes(element)) element.remove();
  for (const [index, element] of wanted.entries()) {
    if (body.rows[index] !== element) body.insertBefore(element, body.rows[index] ?? null);
  }
}

function setCells(row: HTMLTableRowElement, cells: readonly Content[]): void {
  for (const [index, content] of cells.entries()) {
    const cell = row.cells[index] ?? row.appendChild(index === 0 ? create('th', { scope: 'row' }) : create('td'));
    if (typeof content === 'string') setText(cell, content);
    else if (cell.firstChild !== content) cell.replaceChildren(content);
  }
}
