// The text of a row: out of the content, or asked for. Asked for are those that are pointed at and, where they are few, those
// in view.
import { slot } from "./shelf.js"

const QUIET_MS = 120
const MOST_AT_ONCE = 200

export class Texts {
  #content
  #wanted = new Set()
  #asked = new Set()
  #timer = 0

  constructor(content, onAnswer) {
    this.#content = content
    if (content.asks) slot(content.key).answered = onAnswer
  }

  // null while it is on its way.
  of(row) {
    const { chosen, neighbours, texts, asks, key, content } = this.#content
    if (texts) return texts[row]
    if (chosen?.row === row) return chosen.text
    const near = neighbours.find((each) => each.row === row)
    if (near) return near.text
    if (!asks) return ""
    const entry = slot(key)
    const text = entry.content === content ? entry.texts.get(row) : undefined
    if (text === undefined) this.#want(row)
    return text ?? null
  }

  #want(row) {
    if (this.#asked.has(row)) return
    this.#wanted.add(row)
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#ask(), QUIET_MS)
  }

  #ask() {
    const { key } = this.#content
    const rows = [...this.#wanted].slice(-MOST_AT_ONCE)
    this.#wanted.clear()
    if (!slot(key).ask) return
    for (const row of rows) this.#asked.add(row)
    slot(key).ask(rows)
  }
}
