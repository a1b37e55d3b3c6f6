// One matrix of a loss at one frame, as a table: a cell is a number and a colour. The target's cells are buttons.
import { channels, inkOn } from "../../shared/frontend/colors.js"
import { html } from "../../shared/frontend/html.js"
import { ARROWS } from "../../shared/frontend/keys.js"
import { clamp, withMinusSign } from "../../shared/frontend/numbers.js"
import { DARK_INK_FROM } from "./circle.js"

export const KINDS = ["cosines", "targets", "logits", "probabilities", "shares", "pushes"]

const PALE = 0.15 // targets take the middle of the colour scale: they are asked for, not measured

const short = (value, digits) => withMinusSign(value.toFixed(digits).replace(/^(-?)0\./, "$1."))

const SAY = {
  cosines: (value) => (Math.abs(value) > 0.995 ? (value > 0 ? "1" : "−1") : noNegativeZero(short(value, 2), ".00", "0")),
  targets: (value) => (value > 0 ? "+1" : value < 0 ? "−1" : "0"),
  logits: (value) => noNegativeZero(withMinusSign(value.toFixed(Math.abs(value) < 9.95 ? 1 : 0)), "0.0", "0"),
  probabilities: (value) => (value > 0.995 ? "1" : value < 0.005 ? "0" : short(value, 2)),
  shares: (value) => noNegativeZero(withMinusSign(value.toFixed(0)), "0", "0"),
  pushes: (value) => noNegativeZero((value > 0.5 ? "+" : "") + withMinusSign(value.toFixed(0)), "0", "0"),
}

function noNegativeZero(text, zero, plain) {
  return text === zero || text === `−${zero}` ? plain : text
}

// A colour of the scale for a place from 0 to 1.
function mixed(stops, share) {
  const position = clamp(share, 0, 1) * (stops.length - 1)
  const [from, to] = [stops[Math.floor(position)], stops[Math.ceil(position)]].map(channels)
  const between = from.map((channel, which) => channel + (to[which] - channel) * (position - Math.floor(position)))
  return `#${between.map((channel) => Math.round(channel).toString(16).padStart(2, "0")).join("")}`
}

export class Matrices {
  #root
  #words
  #stops
  #matrices = null
  #kind = null
  #cells = []
  #onEdit

  // onEdit(targets) is called with the whole matrix after a click; null is the one that the labels give.
  constructor(root, { words, stops, onEdit }) {
    this.#root = root
    this.#words = words
    this.#stops = stops
    this.#onEdit = onEdit
  }

  // matrices: { rows, columns, targets, editable, edited, note, why, cosines, logits, … }, see ui/losses/details.py;
  // null when there are none. kind: one of KINDS.
  show(matrices, kind) {
    const [row, column] = this.#focused()
    this.#matrices = matrices
    this.#kind = kind
    this.#cells = []
    this.#root.replaceChildren(...(matrices ? [this.#figure()] : []))
    if (row !== undefined) this.#button(row, column)?.focus()
  }

  #focused() {
    const { row, column } = document.activeElement?.dataset ?? {}
    return this.#root.contains(document.activeElement) && row ? [Number(row), Number(column)] : []
  }

  #button(row, column) {
    return this.#root.querySelector(`button[data-row="${row}"][data-column="${column}"]`)
  }

  #figure() {
    const figure = html("figure", "circles-matrix")
    figure.append(html("figcaption", "", this.#explanation()))
    if (this.#values) figure.append(this.#table())
    if (this.#kind === "targets" && this.#matrices.editable) figure.append(this.#reset())
    return figure
  }

  #explanation() {
    const [kind, { why, editable, note }] = [this.#kind, this.#matrices]
    if (!this.#values) return why[kind] ?? this.#words.none
    if (kind === "targets") return editable ? this.#words.edit : note
    return why[kind] ?? this.#words[`${kind}_is`]
  }

  get #values() {
    return this.#matrices[this.#kind]
  }

  #reset() {
    const button = html("button", "circle-details-labelled", this.#words.as_labelled)
    button.type = "button"
    button.disabled = !this.#matrices.edited
    button.onclick = () => this.#onEdit(null)
    return button
  }

  #table() {
    const { rows, columns } = this.#matrices
    const scroller = html("div", "circles-scroll")
    scroller.tabIndex = 0
    const table = html("table", "")
    table.setAttribute("aria-label", this.#words[this.#kind])
    const head = table.createTHead().insertRow()
    head.append(html("td", ""), ...columns.map((name) => this.#head(name, "col")))
    const body = table.createTBody()
    this.#cells = rows.flatMap((name, row) => {
      const line = body.insertRow()
      line.append(this.#head(name, "row"))
      return columns.map((_, column) => this.#cell(line, row, column))
    })
    scroller.append(table)
    return scroller
  }

  #head(name, scope) {
    const cell = html("th", "", name)
    cell.scope = scope
    return cell
  }

  #cell(line, row, column) {
    const cell = line.insertCell()
    if (this.#kind !== "targets" || !this.#matrices.editable || row === column) return cell
    const button = html("button", "circles-target")
    button.type = "button"
    Object.assign(button.dataset, { row, column })
    button.tabIndex = row === 0 && column === 1 ? 0 : -1
    button.onclick = () => this.#turn(row, column)
    button.onkeydown = (event) => this.#move(event, row, column)
    cell.append(button)
    return cell
  }

  // +1, -1, 0 and again; what holds for a pair holds both ways.
  #turn(row, column) {
    const { rows, targets } = this.#matrices
    const count = rows.length
    const next = { 1: -1, "-1": 0, 0: 1 }[targets[row * count + column]]
    targets[row * count + column] = targets[column * count + row] = next
    this.#paint(targets, 0)
    this.#onEdit(Array.from({ length: count }, (_, line) => Array.from(targets.slice(line * count, (line + 1) * count))))
  }

  #move(event, row, column) {
    const arrow = ARROWS[event.key]
    if (!arrow) return
    event.preventDefault()
    const count = this.#matrices.rows.length
    let [nextRow, nextColumn] = [row + arrow[0], column + arrow[1]]
    if (nextRow === nextColumn) [nextRow, nextColumn] = [nextRow + arrow[0], nextColumn + arrow[1]] // over the diagonal
    const next = this.#button(nextRow, nextColumn)
    if (!next || nextRow >= count || nextColumn >= count) return
    event.target.tabIndex = -1
    next.tabIndex = 0
    next.focus()
  }

  draw(frame) {
    if (this.#matrices && this.#values) this.#paint(this.#values, this.#kind === "targets" ? 0 : frame * this.#cells.length)
  }

  #paint(values, start) {
    const [kind, cells] = [this.#kind, this.#cells]
    const shown = values.slice(start, start + cells.length)
    const largest = Math.max(1e-9, ...Array.from(shown, (value) => (Number.isNaN(value) ? 0 : Math.abs(value))))
    cells.forEach((cell, index) => {
      const value = shown[index]
      const none = Number.isNaN(value) || (kind === "targets" && !cell.firstElementChild && value === 0)
      const label = none ? "·" : SAY[kind](value)
      const color = none ? "" : this.#color(value, largest)
      const holder = cell.firstElementChild ?? cell
      if (holder.textContent !== label) holder.textContent = label
      if (cell.dataset.color === color) return
      cell.dataset.color = color
      cell.style.backgroundColor = color
      holder.style.color = color ? inkOn(color, DARK_INK_FROM) : ""
      if (holder !== cell) holder.setAttribute("aria-label", this.#pairInWords(holder, value))
    })
  }

  #pairInWords({ dataset }, value) {
    const { rows, columns } = this.#matrices
    const word = value > 0 ? this.#words.match : value < 0 ? this.#words.mismatch : this.#words.left_out
    return `${rows[dataset.row]}, ${columns[dataset.column]}: ${word}`
  }

  #color(value, largest) {
    switch (this.#kind) {
      case "cosines":
        return mixed(this.#stops, (value + 1) / 2)
      case "targets":
        return mixed(this.#stops, 0.5 + PALE * value)
      case "logits":
      case "pushes":
        return mixed(this.#stops, (value / largest + 1) / 2)
      default:
        return mixed(this.#stops, 0.5 + (this.#kind === "probabilities" ? value : value / largest) / 2)
    }
  }
}
