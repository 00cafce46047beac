import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { escapeHtml, html, visibleText } from './html.js';

describe('html', () => {
  it('escapes everything that is put in', () => {
    const hostile = '<script>alert("x")</script> & \'y\'';
    const made = html`<td title="${hostile}">${hostile}</td>`.text;
    assert.ok(!made.includes('<script>'));
    assert.equal(
      made,
      '<td title="&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; &#39;y&#39;">' +
        '&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; &#39;y&#39;</td>',
    );
  });

  it('puts in what it made itself as it is, lists too', () => {
    const cells = ['a', '<b>'].map((text) => html`<i>${text}</i>`);
    assert.equal(html`<p>${cells}</p>`.text, '<p><i>a</i><i>&lt;b&gt;</i></p>');
  });

  it('drops control characters and marks of direction, keeps other scripts', () => {
    assert.equal(visibleText('a\u0000b\u001b[31mc\u202ed'), 'ab[31mcd');
    assert.equal(escapeHtml('日本 é 🙂'), '日本 é 🙂');
  });
});
