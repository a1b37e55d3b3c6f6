// Line charts that are updated in place: node, zoom, hidden lines and pointer stay when the data change.
import { html } from "../html.js"
import { clamp } from "../numbers.js"
import { draw, mark, put, strokeOf } from "./draw.js"
import { showReading } from "./reading.js"
import { domains } from "./scale.js"

class Curves {
  constructor(figure) {
    this.figure = figure
    this.svg = figure.querySelector(".curves-stage > svg")
    this.range = null
    this.hidden = new Set()
    this.pointer = null
    this.clip = `curves-${Math.random().toString(36).slice(2)}`
    new ResizeObserver(() => this.data && this.draw()).observe(this.svg.parentNode)
    figure.querySelector(".curves-tools").addEventListener("click", (event) => this.zoom(event.target.dataset.zoom))
    this.listen()
  }

  listen() {
    const { svg } = this
    const xOf = (event) => event.clientX - svg.getBoundingClientRect().left
    let from = null
    svg.addEventListener("pointerdown", (event) => {
      if (event.button === 0 && event.pointerType === "mouse") from = xOf(event)
    })
    svg.addEventListener("pointermove", (event) => {
      this.pointer = xOf(event)
      if (from === null) return this.read()
      svg.setPointerCapture(event.pointerId)
      this.choose(from, this.pointer)
    })
    svg.addEventListener("pointerup", (event) => {
      const [low, high] = [from ?? 0, xOf(event)].sort((a, b) => a - b).map((x) => this.inside(x))
      const dragged = from !== null && high - low > 8
      from = null
      this.choose(0, 0)
      if (dragged) this.show([low, high].map(this.frame.fromX))
    })
    svg.addEventListener("pointerleave", () => {
      this.pointer = null
      this.read()
    })
    svg.addEventListener("dblclick", () => this.show(null))
  }

  inside(x) {
    return clamp(x, this.frame.box.left, this.frame.box.left + this.frame.across)
  }

  choose(from, to) {
    this.svg.querySelector(".curves-chosen")?.remove()
    const [low, high] = [from, to].sort((a, b) => a - b)
    const { top } = this.frame.box
    if (high > low) put(this.svg, "rect", { class: "curves-chosen", x: low, width: high - low, y: top, height: this.frame.down })
  }

  zoom(how) {
    if (!how) return
    if (how === "all") return this.show(null)
    const [low, high] = this.frame.x
    const half = ((high - low) / 2) * (how === "in" ? 0.5 : 2)
    const all = domains(this.data, this.lines, null).x
    const range = [Math.max((low + high) / 2 - half, all[0]), Math.min((low + high) / 2 + half, all[1])]
    this.show(range[0] <= all[0] && range[1] >= all[1] ? null : range)
  }

  show(range) {
    this.range = range
    this.draw()
  }

  get lines() {
    return this.data.lines.filter((line) => !this.hidden.has(line.group))
  }

  update(data) {
    if (this.data && this.data.x_name !== data.x_name) this.range = null
    this.data = data
    this.figure.classList.toggle("curves-stretch", data.stretch)
    this.figure.querySelector(".curves-title").textContent = data.title
    this.svg.setAttribute("aria-label", data.alt)
    for (const button of this.figure.querySelectorAll("[data-zoom]")) {
      button.title = data.words[button.dataset.zoom]
      if (button.dataset.zoom === "all") button.textContent = data.words.all
      else button.setAttribute("aria-label", data.words[button.dataset.zoom])
    }
    this.legend()
    this.draw()
  }

  legend() {
    const groups = new Map()
    for (const line of this.data.lines) if (!groups.get(line.group) || !line.thin) groups.set(line.group, line)
    const signature = JSON.stringify([...groups.values()].map(({ group, color, dash, symbol }) => [group, color, dash, symbol]))
    if (signature === this.signature) return // the button somebody is on stays
    this.signature = signature
    const legend = this.figure.querySelector(".curves-legend")
    legend.replaceChildren(...(this.data.legend ? [...groups.values()].map((line) => this.entry(line)) : []))
  }

  entry(line) {
    const button = html("button", "curves-button")
    button.type = "button"
    button.setAttribute("aria-pressed", String(!this.hidden.has(line.group)))
    const size = parseFloat(getComputedStyle(document.documentElement).fontSize)
    const sample = put(button, "svg", { "aria-hidden": "true" })
    put(sample, "line", { x1: 0, x2: size * 2.2, y1: size / 2, y2: size / 2, ...strokeOf({ ...line, thin: false }) })
    mark(sample, line, size * 1.1, size / 2, size * 0.32)
    button.append(line.group)
    button.onclick = () => {
      if (!this.hidden.delete(line.group)) this.hidden.add(line.group)
      button.setAttribute("aria-pressed", String(!this.hidden.has(line.group)))
      this.draw()
    }
    return button
  }

  draw() {
    if (!this.svg.clientWidth) return // inside something that is folded away
    this.frame = draw(this.svg, this.data, this.lines, this.range, this.clip)
    this.figure.querySelector("[data-zoom=all]").hidden = this.range === null
    this.read()
  }

  read() {
    if (this.frame) showReading(this.figure, this.svg, this.frame, this.data, this.lines, this.pointer)
  }
}

export default function ({ parentElement, data }) {
  const figure = parentElement.querySelector(".curves")
  figure.curves ??= new Curves(figure) // on the node: this script may be loaded anew
  figure.curves.update(data)
}
