// The words around the picture, in the elements of view.html. Sentences come from users: they are only ever set
// as text.
import { html } from "../../frontend/html.js"
import { filled } from "../../frontend/words.js"
import { scaleColors } from "./colors.js"
import { numberAt } from "./matrix.js"

// What does not depend on the cell that is read.
export function showWords(root, { words, alt, scale, picture }) {
  const find = (name) => root.querySelector(`.matrix-${name}`)
  const button = (does) => root.querySelector(`[data-does=${does}]`)
  find("help").id ||= `matrix-help-${crypto.getRandomValues(new Uint32Array(1))[0]}`
  find("help").textContent = words.help
  find("hint").replaceChildren(html("span", "matrix-zoomed", words.hint), html("span", "matrix-picked", words.pick))
  find("stage").setAttribute("aria-describedby", find("help").id)
  find("stage").setAttribute("aria-label", alt)
  for (const [does, word] of [["in", words.zoom_in], ["out", words.zoom_out]]) {
    button(does).setAttribute("aria-label", word)
    button(does).title = word
  }
  button("fit").textContent = words.fit
  button("save").textContent = picture?.label ?? ""
  button("save").hidden = !picture?.label
  find("bar").style.background = `linear-gradient(to right, ${scaleColors(scale).join(", ")})`
  find("ticks").replaceChildren(...scale.ticks.map(tick))
}

function tick({ at, text }) {
  const label = html("span", "", text)
  label.style.left = `${100 * at}%`
  return label
}

// The cosine and both sentences of a cell; without one, how to get there.
export function showReading(root, matrix, cell) {
  const find = (name) => root.querySelector(`.matrix-${name}`)
  find("hint").hidden = Boolean(cell)
  find("value").hidden = find("pair").hidden = !cell
  if (!cell) return
  find("value").textContent = `${matrix.hundredths ? "" : "≈ "}${numberAt(matrix, cell)}`
  const [row, column] = find("pair").children
  for (const [line, number, text] of [
    [row, cell.row, matrix.rowTexts[cell.row]],
    [column, cell.column, matrix.columnTexts[cell.column]],
  ]) {
    line.firstElementChild.textContent = matrix.numberOf(number)
    line.lastElementChild.textContent = text
  }
}

// The same for screen readers.
export function announce(root, { matrix, words }, cell) {
  const parts = {
    row: matrix.numberOf(cell.row),
    column: matrix.numberOf(cell.column),
    value: numberAt(matrix, cell),
    first: matrix.rowTexts[cell.row],
    second: matrix.columnTexts[cell.column],
  }
  root.querySelector(".matrix-live").textContent = filled(words.cell, parts)
}
