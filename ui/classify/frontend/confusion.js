// The confusion matrix as a table: rows are the true labels, columns what was predicted. Right cells are blue, wrong ones
// orange, the deeper the larger their share of the row. A click or Enter reports the cell, with the time, which tells a new
// click from an old one.
import { ARROWS } from "../../shared/frontend/keys.js"
import { html } from "../../shared/frontend/html.js"
import { filled } from "../../shared/frontend/words.js"

// The deepest shade still has the page's own text colour on it, light and dark, with a contrast above 4.5.
const LIGHTEST = 10
const DEEPEST = 80
// So many letters have room beside each other above the columns, on a laptop; names that need more stand upright.
const ROOM = 60

function shade(node, share, isRight) {
  const color = isRight ? "var(--confusion-right)" : "var(--confusion-wrong)"
  // Small shares have to be seen too: one wrong text of fifty is what somebody looks for.
  const percent = share > 0 ? Math.round(LIGHTEST + (DEEPEST - LIGHTEST) * share) : 0
  node.style.background = percent ? `color-mix(in srgb, ${color} ${percent}%, transparent)` : ""
}

function written(count, total, asShares) {
  if (!count) return ""
  if (!asShares) return count.toLocaleString("en")
  const percent = (100 * count) / total
  return percent > 0 && percent < 1 ? "<1" : `${Math.round(percent)}`
}

function head(data) {
  const row = html("tr")
  const corner = html("th", "confusion-corner")
  corner.append(html("span", "", data.words.rows), html("span", "", data.words.columns))
  row.append(corner)
  for (const name of data.names) {
    const cell = html("th")
    cell.scope = "col"
    cell.append(html("span", "", name))
    row.append(cell)
  }
  return row
}

function bodyRow(data, index) {
  const row = html("tr")
  const name = html("th", "", data.names[index])
  name.scope = "row"
  name.title = data.names[index]
  row.append(name)
  const total = data.totals[index]
  data.names.forEach((_name, column) => {
    const count = data.counts[index][column]
    const cell = html("td")
    const button = html("button", "", written(count, total, data.shares))
    button.type = "button"
    button.tabIndex = -1
    button.dataset.row = index
    button.dataset.column = column
    button.setAttribute("aria-label", words(data, index, column))
    shade(button, total ? count / total : 0, index === column)
    cell.append(button)
    row.append(cell)
  })
  return row
}

// A Chinese character is as wide as two letters.
function width(name) {
  return [...name].reduce((sum, letter) => sum + (letter > "\u2e7f" ? 2 : 1), 0)
}

function words(data, row, column) {
  return filled(data.words.cell, {
    true: data.names[row],
    predicted: data.names[column],
    n: data.counts[row][column].toLocaleString("en"),
    total: data.totals[row].toLocaleString("en"),
  })
}

export default function ({ parentElement, data, setStateValue }) {
  const root = parentElement.querySelector(".confusion")
  const table = root.querySelector("table")
  const reading = root.querySelector(".confusion-reading")
  const focused = root.contains(document.activeElement)
  root.dataset.many = data.names.length > 10
  root.dataset.upright = data.names.length > 4 && Math.max(...data.names.map(width)) > ROOM / data.names.length
  root.style.setProperty("--confusion-columns", data.names.length)
  const content = `${data.content} ${data.shares} ${data.names.length}`
  if (root.dataset.content !== content) {
    root.dataset.content = content
    table.setAttribute("aria-label", data.alt)
    const top = html("thead")
    top.append(head(data))
    const body = html("tbody")
    data.names.forEach((_name, index) => body.append(bodyRow(data, index)))
    table.replaceChildren(top, body)
  }
  const at = (row, column) => table.querySelector(`[data-row="${row}"][data-column="${column}"]`)
  const mark = (button) => {
    for (const other of table.querySelectorAll('[tabindex="0"]')) other.tabIndex = -1
    if (button) button.tabIndex = 0
  }
  const read = (button) => {
    reading.textContent = button ? words(data, Number(button.dataset.row), Number(button.dataset.column)) : data.words.hint
  }
  for (const other of table.querySelectorAll("[aria-pressed]")) other.removeAttribute("aria-pressed")
  const selected = data.selected ? at(...data.selected) : null
  selected?.setAttribute("aria-pressed", "true")
  mark(selected ?? at(0, 0))
  if (focused && selected && !root.contains(document.activeElement)) selected.focus()
  read(selected)

  table.onclick = (event) => {
    const button = event.target.closest("button")
    if (!button) return
    mark(button)
    setStateValue("cell", [Number(button.dataset.row), Number(button.dataset.column), data.content, Date.now()])
  }
  table.onmouseover = (event) => read(event.target.closest("button") ?? selected)
  table.onmouseleave = () => read(selected)
  table.onfocusin = (event) => read(event.target.closest("button") ?? selected)
  table.onkeydown = (event) => {
    const button = event.target.closest("button")
    const arrow = ARROWS[event.key]
    if (!button || !arrow) return
    event.preventDefault()
    const last = data.names.length - 1
    const moved = arrow.map((step, axis) =>
      Math.min(Math.max(Number(axis ? button.dataset.column : button.dataset.row) + step, 0), last),
    )
    const next = at(...moved)
    mark(next)
    next.focus()
  }
  root.dataset.painted = "true"
}
