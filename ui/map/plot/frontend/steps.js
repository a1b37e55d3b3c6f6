// Before and after: play, one step, or any place between the layouts by a slider. calls: scrub(place), step(place).
import { clamp } from "../../../shared/frontend/numbers.js"
import { filled } from "../../../shared/frontend/words.js"

const STEP_MS = 2200
const PAUSE_MS = 700

export class Steps {
  #box
  #calls
  #content = null
  #place = 0
  #playing = 0

  constructor(box, calls) {
    this.#box = box
    this.#calls = calls
    const [back, play, forward] = box.querySelectorAll("button")
    this.#slider.addEventListener("input", () => this.#goTo(Number(this.#slider.value)))
    back.addEventListener("click", () => this.#step(Math.ceil(this.#place - 1 - 1e-6)))
    forward.addEventListener("click", () => this.#step(Math.floor(this.#place + 1 + 1e-6)))
    play.addEventListener("click", () => (this.#playing ? this.stop() : this.#play()))
  }

  get #slider() {
    return this.#box.querySelector(".map-scrub")
  }

  get #last() {
    return this.#content.layouts.length - 1
  }

  show(content, place) {
    this.#content = content
    this.#box.hidden = !content.steps || content.layouts.length < 2
    if (this.#box.hidden) return this.stop()
    const { words, layouts } = content
    const [back, play, forward] = this.#box.querySelectorAll("button")
    for (const [button, word] of [[back, words.back], [play, words.play], [forward, words.forward]]) {
      button.title = word
      button.setAttribute("aria-label", word)
    }
    this.#slider.max = this.#last
    this.#box.querySelector(".map-step-first").textContent = layouts[0].title
    this.#box.querySelector(".map-step-last").textContent = layouts.at(-1).title
    this.at(place)
    return undefined
  }

  // The map is there now, by the slider or by the page.
  at(place) {
    if (this.#box.hidden) return
    this.#place = place
    this.#slider.value = place
    const { words, layouts } = this.#content
    const [below, above] = [layouts[Math.floor(place)], layouts[Math.ceil(place)]]
    const between = filled(words.scrub, { first: below.title, second: above.title })
    this.#slider.setAttribute("aria-label", words.steps)
    this.#slider.setAttribute("aria-valuetext", below === above ? below.title : between)
    this.#box.querySelector(".map-step-first").classList.toggle("map-is-here", place < 0.02)
    this.#box.querySelector(".map-step-last").classList.toggle("map-is-here", place > this.#last - 0.02)
  }

  #goTo(place) {
    this.stop()
    this.at(place)
    this.#calls.scrub(place)
  }

  #step(place) {
    this.stop()
    this.#calls.step(clamp(place, 0, this.#last))
  }

  // From where it is to the end, with a short stay at each layout; from the end it begins again.
  #play() {
    const isReduced = matchMedia("(prefers-reduced-motion: reduce)").matches
    let place = this.#place > this.#last - 0.01 ? 0 : this.#place
    let before = performance.now()
    let rest = PAUSE_MS
    this.#box.classList.add("map-playing")
    this.#name(this.#content.words.pause)
    const frame = (now) => {
      const passed = now - before
      before = now
      if (rest > 0) rest -= passed
      else {
        const next = Math.floor(place + 1e-9) + 1
        place = isReduced ? next : Math.min(next, place + passed / STEP_MS)
        if (place === next) rest = isReduced ? 2 * PAUSE_MS : PAUSE_MS
      }
      this.at(place)
      this.#calls.scrub(eased(place))
      if (place >= this.#last) return this.stop()
      this.#playing = requestAnimationFrame(frame)
      return undefined
    }
    this.#playing = requestAnimationFrame(frame)
  }

  stop() {
    if (this.#playing) cancelAnimationFrame(this.#playing)
    this.#playing = 0
    this.#box.classList.remove("map-playing")
    if (this.#content?.words) this.#name(this.#content.words.play)
  }

  #name(word) {
    const play = this.#box.querySelector("[data-step=play]")
    play.title = word
    play.setAttribute("aria-label", word)
  }
}

// Slow at both ends of each step.
function eased(place) {
  const share = place % 1
  return Math.floor(place) + share * share * (3 - 2 * share)
}
