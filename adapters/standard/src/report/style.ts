import { SafeHtml } from './html.js';

/** The page's looks; colours follow the reader's light or dark setting. */
export const style = new SafeHtml(`<style>
:root { color-scheme: light dark; --line: #d0d0d0; --soft: #5c5c5c; --paper: #ffffff; --ink: #1c1c1c; }
@media (prefers-color-scheme: dark) { :root { --line: #444; --soft: #a8a8a8; --paper: #16181c; --ink: #e8e8e8; } }
body { background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; }
h2 { font-size: 1.1rem; margin-top: 2rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid var(--line); padding: 0.3rem 0.8rem; text-align: left; white-space: nowrap; }
.figure { text-align: right; }
.note, .protocol { color: var(--soft); overflow-wrap: anywhere; }
.charts { display: flex; flex-wrap: wrap; gap: 1rem; }
figure { margin: 0; }
figcaption { font-weight: 600; }
svg { background: transparent; color: var(--ink); height: auto; max-width: 100%; overflow: visible; }
.legend { display: flex; flex-wrap: wrap; gap: 1.2rem; list-style: none; padding: 0; }
.swatch { border-radius: 2px; display: inline-block; height: 0.8em; margin-right: 0.4em; width: 1.2em; }
</style>`);
