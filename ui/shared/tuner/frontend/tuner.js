// The threshold tuner: scores come once, and everything that depends on the threshold is computed here while it is dragged.
import { fromBase64 } from "../../frontend/bytes.js"
import { html } from "../../frontend/html.js"
import { clamp } from "../../frontend/numbers.js"
import { filled } from "../../frontend/words.js"
import { accepted, bestF1, cells, cheapest, rates, steps } from "./counts.js"
import { RecallCurve } from "./curve.js"
import { Histogram, put } from "./histogram.js"
import { drawTable, numbersOf } from "./numbers.js"

const QUIET_MS = 350
const KEYS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -5, PageUp: 5 }

const numbers = (text) => new Float64Array(fromBase64(text).buffer)

function unpacked(series) {
  const labelled = series.right !== null
  const names = labelled ? ["right", "wrong", "missedToo"] : ["all"]
  const scores = Object.fromEntries(names.map((name) => [name, numbers(series[name])]))
  const every = labelled ? steps(scores) : []
  const curve = every.map((step) => ratesOf(step)).filter(({ precision, recall }) => precision === precision && recall === recall)
  return { ...series, ...scores, labelled, steps: every, curve }
}

function ratesOf(counts) {
  const { precision, recall } = rates(counts)
  return { precision: precision[0], recall: recall[0] }
}

class Tuner {
  constructor(root) {
    this.root = root
    this.figures = root.querySelector(".tuner-figures")
    this.stage = root.querySelector(".tuner-stage")
    this.svg = root.querySelector(".tuner-scores")
    this.controls = root.querySelector(".tuner-controls")
    this.listen()
    new ResizeObserver(() => this.redraw()).observe(root)
  }

  update(data, report) {
    this.report = report
    const isNew = this.data?.digest !== data.digest
    if (isNew) this.series = data.series.map(unpacked)
    if (this.data?.revision !== data.revision) [this.threshold, this.costs] = [data.threshold, [...data.costs]]
    this.data = data
    this.findBest()
    this.root.classList.toggle("tuner-large", data.large)
    this.stage.setAttribute("aria-label", data.words.slider)
    this.drawControls()
    this.redraw()
  }

  get labelled() {
    return this.series.some((series) => series.labelled)
  }

  // ---- what is drawn once

  redraw() {
    if (!this.data || !this.root.isConnected || !this.root.clientWidth) return // gone, or folded away
    const letter = parseFloat(getComputedStyle(this.root).fontSize)
    const narrow = this.root.clientWidth < 560
    this.figures.style.minHeight = narrow ? "" : `${this.data.height}px`
    const height = narrow ? this.data.height : Math.max(this.figures.clientHeight, this.data.height)
    this.drawCurve(narrow ? Math.min(this.root.clientWidth, 280) : Math.min(height, this.root.clientWidth * 0.34), letter)
    this.drawScores(height, letter)
    this.move()
  }

  drawCurve(size, letter) {
    const svg = this.root.querySelector(".tuner-curve")
    const hasRoom = !this.data.large || this.root.clientWidth > 760
    svg.style.display = this.labelled && hasRoom ? "" : "none"
    svg.setAttribute("aria-label", this.data.words.curve)
    if (!this.labelled) return
    this.curve = new RecallCurve(svg, size, letter, this.data.words)
    this.series.forEach((series, index) => this.curve.line(series.curve, index ? "var(--st-primary-color)" : "var(--st-text-color)", index ? "" : this.series.length > 1 ? "5 4" : ""))
  }

  drawScores(height, letter) {
    const { svg } = this
    const width = this.stage.clientWidth
    svg.replaceChildren()
    svg.setAttribute("height", height)
    this.box = { left: letter * 0.8, top: letter * 1.9, width: width - letter * 1.6, bottom: height - letter * 3.1 }
    const room = (this.box.bottom - this.box.top) / this.series.length
    const heads = this.series.length > 1 ? letter * 1.6 : 0
    this.panels = this.series.map((series, index) => {
      const place = { left: this.box.left, width: this.box.width, top: this.box.top + index * room + heads, height: room - heads - letter * 0.4 }
      if (heads) put(svg, "text", { x: place.left, y: place.top - letter * 0.45, "font-size": letter, "font-weight": 600 }, series.name)
      const histogram = new Histogram(svg, series, this.data.axis, place, letter)
      return { series, histogram, texts: this.corners(series, place, letter) }
    })
    this.drawAxis(height, letter)
    this.drawMarks(letter)
    this.line = put(svg, "line", { class: "tuner-line", y1: this.box.top - letter * 0.3, y2: this.box.bottom + 4 })
    this.grip = put(svg, "path", { class: "tuner-grip", d: `M0 0l${-letter * 0.5} ${-letter * 0.7}h${letter}z` })
    this.label = put(svg, "text", { "font-size": letter * 1.1, "font-weight": 600, y: letter, "text-anchor": "middle", "data-halo": "" })
  }

  // The counts of the four cells, each in its corner.
  corners(series, place, letter) {
    const rows = series.labelled ? ["misses", "hits", "rejected", "falseAlarms"] : ["rejectedAll", "acceptedAll"]
    return rows.map((name, index) => {
      const onRight = index % 2 === 1
      const y = index < 2 ? place.top + letter : place.top + place.height - letter * 0.3
      const x = onRight ? place.left + place.width : place.left
      return [name, put(this.svg, "text", { x, y, "font-size": letter, "text-anchor": onRight ? "end" : "start", "data-halo": "" })]
    })
  }

  drawAxis(height, letter) {
    const { axis } = this.data
    const { left, width, bottom } = this.box
    if (axis.stops.length) {
      const id = `tuner-scale-${Math.random().toString(36).slice(2)}`
      const gradient = put(this.svg, "linearGradient", { id })
      axis.stops.forEach(([place, color]) => put(gradient, "stop", { offset: place, "stop-color": color }))
      put(this.svg, "rect", { x: left, y: bottom + 2, width, height: letter * 0.4, fill: `url(#${id})` })
    }
    for (const tick of axis.ticks) {
      const x = this.toX(tick)
      put(this.svg, "line", { class: "tuner-axis", x1: x, x2: x, y1: bottom + letter * 0.5, y2: bottom + letter * 0.75 })
      put(this.svg, "text", { x, y: bottom + letter * 1.75, "text-anchor": "middle", "font-size": letter }, String(tick).replace("-", "−"))
    }
    put(this.svg, "text", { x: left + width / 2, y: height - letter * 0.2, "text-anchor": "middle", "font-size": letter }, axis.name)
  }

  drawMarks() {
    this.marks = this.data.marks.map(({ threshold }) => {
      const x = this.toX(threshold)
      return put(this.svg, "line", { class: "tuner-mark", x1: x, x2: x, y1: this.box.top, y2: this.box.bottom })
    })
    this.cheapestMark = put(this.svg, "line", { class: "tuner-mark", y1: this.box.top, y2: this.box.bottom })
  }

  drawControls() {
    const { words } = this.data
    const signature = JSON.stringify([words, this.data.digest, this.data.revision])
    if (this.signature === signature) return
    this.signature = signature
    this.toCheapest = this.button(() => this.cheapest)
    this.toBestF1 = this.button(() => this.bestF1)
    this.toCheapest.className = "tuner-marked"
    const others = this.data.marks.map(({ name, threshold }) => {
      const button = this.button(() => threshold)
      button.className = "tuner-marked"
      button.textContent = filled(name, { threshold: threshold.toFixed(this.data.axis.digits) })
      return button
    })
    this.controls.replaceChildren(...(this.labelled ? [this.costBox(0), this.costBox(1), this.toCheapest, this.toBestF1, ...others] : others))
  }

  costBox(index) {
    const label = html("label", "", this.data.words.costs[index])
    const input = html("input")
    Object.assign(input, { type: "number", min: 0, step: "any", value: this.costs[index] })
    input.oninput = () => {
      const value = Number(input.value)
      if (input.value === "" || !(value >= 0) || value === Infinity) return
      this.costs[index] = value
      this.findBest()
      this.move()
      this.tellSoon()
    }
    label.append(input)
    return label
  }

  button(threshold) {
    const button = html("button")
    button.type = "button"
    button.onclick = () => {
      this.go(threshold(), true)
    }
    return button
  }

  // Of the last series: the model that is looked at, or the one after the training.
  findBest() {
    const all = this.series.at(-1).steps
    this.cheapest = cheapest(all, this.costs)
    this.bestF1 = bestF1(all)
  }

  // ---- what moves

  toX(value) {
    const { low, high } = this.data.axis
    return this.box.left + ((clamp(value, low, high) - low) / (high - low)) * this.box.width
  }

  go(threshold, tellNow = false) {
    this.threshold = threshold
    this.move()
    if (tellNow) this.tell()
    else this.tellSoon()
  }

  move() {
    if (!this.line) return
    const { words, axis } = this.data
    const x = this.toX(this.threshold)
    for (const end of ["x1", "x2"]) this.line.setAttribute(end, x)
    this.grip.setAttribute("transform", `translate(${x} ${this.box.top - 2})`)
    this.label.textContent = this.threshold.toFixed(axis.digits).replace("-", "−")
    this.label.setAttribute("x", clamp(x, this.box.left + 14, this.box.left + this.box.width - 14))
    for (const { series, histogram, texts } of this.panels) {
      histogram.move(this.threshold)
      const counts = this.countsOf(series)
      for (const [name, text] of texts) text.textContent = filled(words.cells[name], { n: counts[name].toLocaleString("en") })
    }
    if (this.labelled) this.curve.move(this.series.map((series) => ratesOf(cells(series, this.threshold))))
    const rows = this.series.map((series) => numbersOf(series, this.threshold, this.costs, axis.digits, words))
    drawTable(this.root.querySelector("table"), rows, this.series.map((series) => series.name))
    this.say(rows)
    this.nameBest()
    this.root.dataset.threshold = this.threshold
  }

  countsOf(series) {
    if (series.labelled) return cells(series, this.threshold)
    const count = accepted(series.all, this.threshold)
    return { acceptedAll: count, rejectedAll: series.all.length - count }
  }

  nameBest() {
    const { words, axis } = this.data
    for (const [button, name, threshold] of [[this.toCheapest, "cheapest", this.cheapest], [this.toBestF1, "best_f1", this.bestF1]]) {
      button.hidden = threshold === null
      if (threshold !== null) button.textContent = filled(words[name], { threshold: threshold.toFixed(axis.digits) })
    }
    this.cheapestMark.setAttribute("visibility", this.cheapest === null ? "hidden" : "visible")
    for (const end of ["x1", "x2"]) this.cheapestMark.setAttribute(end, this.toX(this.cheapest ?? axis.low))
  }

  say(rows) {
    const { axis } = this.data
    const text = rows.map((row) => row.map(([name, value]) => `${name} ${value}`).join(", ")).join(". ")
    Object.entries({ min: axis.low, max: axis.high, now: this.threshold, text }).forEach(([name, value]) => this.stage.setAttribute(`aria-value${name}`, value))
  }

  // ---- what the user does

  listen() {
    const { stage } = this
    stage.onpointerdown = (event) => {
      if (event.button) return
      stage.setPointerCapture(event.pointerId)
      this.drags = true
      this.follow(event)
    }
    stage.onpointermove = (event) => this.drags && this.follow(event)
    stage.onpointerup = stage.onpointercancel = () => {
      if (this.drags) this.tell()
      this.drags = false
    }
    stage.onkeydown = (event) => {
      const { low, high, step } = this.data.axis
      const ends = { Home: low, End: high }
      if (!(event.key in KEYS) && !(event.key in ends)) return
      event.preventDefault()
      const by = (KEYS[event.key] ?? 0) * step * (event.shiftKey ? 1 : 10)
      this.go(this.rounded(ends[event.key] ?? this.threshold + by))
    }
  }

  follow(event) {
    const { low, high } = this.data.axis
    const place = (event.clientX - this.svg.getBoundingClientRect().left - this.box.left) / this.box.width
    this.go(this.rounded(low + place * (high - low)))
  }

  rounded(value) {
    const { low, high, step, digits } = this.data.axis
    return Number((Math.round(clamp(value, low, high) / step) * step).toFixed(digits))
  }

  tellSoon() {
    clearTimeout(this.quiet)
    if (!this.drags) this.quiet = setTimeout(() => this.tell(), QUIET_MS)
  }

  tell() {
    clearTimeout(this.quiet)
    this.report({ threshold: this.threshold, costs: this.costs, digest: this.data.digest })
  }
}

export default function ({ parentElement, data, setStateValue }) {
  const root = parentElement.querySelector(".tuner")
  root.tuner ??= new Tuner(root) // on the node: this script may be loaded anew
  root.tuner.update(data, (released) => setStateValue("released", released))
}
