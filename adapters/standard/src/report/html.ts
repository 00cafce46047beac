/** HTML that is already safe to write into a page. */
export class SafeHtml {
  constructor(readonly text: string) {}
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text without control characters and without marks that turn the direction of writing: safe to show to people. */
export function visibleText(text: string): string {
  return text.replace(/[^\t\n\x20-\x7e\u00a0-\u{10ffff}]|[\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '');
}

/** Text as it may stand in HTML, inside and outside of attributes. */
export function escapeHtml(text: string): string {
  return visibleText(text).replace(/[&<>"']/g, (character) => entities[character]);
}

type Part = string | number | SafeHtml | readonly SafeHtml[];

/** Template for HTML: everything put in is escaped, but for what another `html` made. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): SafeHtml {
  const texts = strings.map((fixed, i) => (i === 0 ? '' : safe(parts[i - 1])) + fixed);
  return new SafeHtml(texts.join(''));
}

function safe(part: Part): string {
  if (part instanceof SafeHtml) return part.text;
  if (Array.isArray(part)) return part.map((inner: SafeHtml) => inner.text).join('');
  return escapeHtml(String(part));
}
