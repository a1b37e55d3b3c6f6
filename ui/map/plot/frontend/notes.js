// Lines over the map: what is to be known all the time, what is to be known for a moment, and how many are selected.
import { filled } from "../../../shared/frontend/words.js"

const MOMENT_MS = 2500

export class Notes {
  #root
  #lasting = ""
  #timer = 0

  constructor(root) {
    this.#root = root
  }

  get #line() {
    return this.#root.querySelector(".map-note")
  }

  #show(text) {
    this.#line.textContent = text
    this.#line.hidden = !text
  }

  // "" takes it away.
  keep(text, values = {}) {
    this.#lasting = filled(text, values)
    this.#show(this.#lasting)
  }

  forAMoment(text) {
    if (this.#lasting) return
    this.#show(text)
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#show(this.#lasting), MOMENT_MS)
  }

  count({ words, count }, selected) {
    const line = this.#root.querySelector(".map-count")
    line.hidden = selected === 0
    line.textContent = filled(words.selected, { n: selected.toLocaleString(), all: count.toLocaleString() })
  }

  // To screen readers.
  say(text) {
    this.#root.querySelector(".map-live").textContent = text
  }
}
