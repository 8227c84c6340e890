/** One element. Attributes that are undefined are left out; `content` is XML already. */
export function element(name: string, attributes: Record<string, string | number | undefined>, content = ''): string {
  const pairs = Object.entries(attributes).filter(([, value]) => value !== undefined);
  const head = [name, ...pairs.map(([key, value]) => `${key}="${escapeXml(String(value))}"`)].join(' ');
  return content === '' ? `<${head}/>` : `<${head}>${content}</${name}>`;
}

export function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
