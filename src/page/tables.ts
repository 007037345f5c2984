/** Tables that sort by the column whose heading is pressed; numbers as numbers, again: reversed. */
export function makeSortable(table: HTMLTableElement): void {
  const heads = Array.from(table.tHead?.rows[0]?.cells ?? [])
  heads.forEach((head, column) => {
    const button = document.createElement('button')
    button.textContent = head.textContent
    button.className = 'sort'
    head.replaceChildren(button)
    button.addEventListener('click', () => {
      const down = head.getAttribute('aria-sort') === 'ascending'
      for (const other of heads) other.removeAttribute('aria-sort')
      head.setAttribute('aria-sort', down ? 'descending' : 'ascending')
      sortBy(table, column, down ? -1 : 1)
    })
  })
}

function sortBy(table: HTMLTableElement, column: number, sign: 1 | -1): void {
  const body = table.tBodies[0]
  if (body === undefined) return
  const rows = Array.from(body.rows).map((row, index) => {
    const cell = row.cells[column]
    return { row, index, value: cell?.dataset.value ?? cell?.textContent ?? '' }
  })
  rows.sort((a, b) => sign * compare(a.value, b.value) || a.index - b.index)
  body.append(...rows.map(({ row }) => row))
}

function compare(a: string, b: string): number {
  const [x, y] = [Number(a), Number(b)]
  if (a !== '' && b !== '' && !Number.isNaN(x) && !Number.isNaN(y)) return x - y
  return a < b ? -1 : a > b ? 1 : 0
}
