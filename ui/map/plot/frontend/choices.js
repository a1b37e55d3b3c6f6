// What is chosen, selected and switched off: what was done here, until the page says something else.
import { bitsOf, countOf, rowsOf, toBase64 } from "./bits.js"
import { FLAGS, hasBit } from "./content.js"

const { UNSURE, DIM, FOUND } = FLAGS
const KEPT_AT_LEAST = 254 / 3
const UNKNOWN = 255

export class Choices {
  hidden = new Set() // names of classes
  chosen = null
  selection = null // bits
  #content = null

  // isOther: these are other texts than before.
  show(content, isOther) {
    const before = isOther ? null : this.#content
    this.#content = content
    if (isOther) this.hidden.clear()
    if (!before || before.chosen?.row !== content.chosen?.row) this.chosen = content.chosen?.row ?? null
    if (!before || before.arrays.selection !== content.arrays.selection) this.selection = content.selection
  }

  get selectedCount() {
    return countOf(this.selection)
  }

  select(rows, isAdding) {
    const all = isAdding ? [...rowsOf(this.selection, this.#content.count), ...rows] : rows
    this.selection = all.length ? bitsOf(all, this.#content.count) : null
  }

  toggle(row) {
    const rows = rowsOf(this.selection, this.#content.count)
    this.select(hasBit(this.selection, row) ? rows.filter((other) => other !== row) : [...rows, row])
  }

  hide(name) {
    if (!this.hidden.delete(name)) this.hidden.add(name)
  }

  // This class alone; all of them, when it already is.
  only(name) {
    const others = this.#content.color.entries.map((entry) => entry.name).filter((other) => other !== name)
    const isAlone = others.every((other) => this.hidden.has(other))
    this.hidden = new Set(isAlone ? [] : others)
  }

  // A byte of flags for each point; a new array each time, by which the graphics card is told.
  flags() {
    const { count, kept, found } = this.#content
    return Uint8Array.from({ length: count }, (_, row) => {
      const isUnsure = kept !== null && kept[row] !== UNKNOWN && kept[row] < KEPT_AT_LEAST
      const isDim = this.selection !== null && !hasBit(this.selection, row)
      return (isUnsure ? UNSURE : 0) | (isDim ? DIM : 0) | (hasBit(found, row) ? FOUND : 0)
    })
  }

  reported(latest) {
    return { chosen: this.chosen, selection: this.selection && toBase64(this.selection), latest }
  }
}
