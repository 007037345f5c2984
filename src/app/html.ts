/** Text into HTML, and the few pieces that the report page is made of. Pure. */

export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

/** JSON that may stand in a script element. */
export function embeddedJson(json: string): string {
  return json.replaceAll('<', '\\u003c')
}

/** A cell: its text, and the value by which the column sorts if that is another. */
export type HtmlCell = string | { readonly text: string; readonly value: number }

export function htmlTable(
  heads: readonly string[],
  rows: readonly (readonly HtmlCell[])[],
): string {
  const head = heads.map((one) => `<th scope="col">${escapeHtml(one)}</th>`).join('')
  const body = rows.map((cells) => `<tr>${cells.map(cellHtml).join('')}</tr>`).join('\n')
  return `<table><thead><tr>${head}</tr></thead><tbody>\n${body}\n</tbody></table>`
}

function cellHtml(cell: HtmlCell): string {
  if (typeof cell === 'string') return `<td>${escapeHtml(cell)}</td>`
  return `<td class="number" data-value="${cell.value}">${escapeHtml(cell.text)}</td>`
}
