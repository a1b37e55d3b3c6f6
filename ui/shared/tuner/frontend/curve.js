// Precision over recall: every threshold is a point of the line, and the dot is the one that is set.
import { put } from "./histogram.js"

const MOST_POINTS = 300

export class RecallCurve {
  constructor(svg, size, letter, words) {
    this.svg = svg
    this.size = size
    this.letter = letter
    this.box = { left: letter * 3.6, top: letter * 0.8, side: size - letter * 4.6 }
    svg.replaceChildren()
    svg.setAttribute("width", size)
    svg.setAttribute("height", size)
    const { left, top, side } = this.box
    for (const share of [0, 0.5, 1]) {
      put(svg, "line", { class: "tuner-grid", x1: left, x2: left + side, y1: this.toY(share), y2: this.toY(share) })
      put(svg, "line", { class: "tuner-grid", x1: this.toX(share), x2: this.toX(share), y1: top, y2: top + side })
      put(svg, "text", { x: left - letter * 0.4, y: this.toY(share) + letter * 0.35, "text-anchor": "end", "font-size": letter }, String(share))
      put(svg, "text", { x: this.toX(share), y: top + side + letter * 1.3, "text-anchor": "middle", "font-size": letter }, String(share))
    }
    put(svg, "text", { x: left + side / 2, y: top + side + letter * 2.6, "text-anchor": "middle", "font-size": letter }, words.recall)
    put(svg, "text", { transform: `translate(${letter * 0.9} ${top + side / 2}) rotate(-90)`, "text-anchor": "middle", "font-size": letter }, words.precision)
    this.dots = []
  }

  toX(recall) {
    return this.box.left + recall * this.box.side
  }

  toY(precision) {
    return this.box.top + (1 - precision) * this.box.side
  }

  // rates: of each threshold, [{precision, recall}].
  line(rates, color, dash) {
    const every = Math.ceil(rates.length / MOST_POINTS)
    const points = rates.filter((_, index) => index % every === 0 || index === rates.length - 1)
    const d = points.map(({ recall, precision }) => `${this.toX(recall).toFixed(1)} ${this.toY(precision).toFixed(1)}`).join("L")
    if (d) put(this.svg, "path", { d: `M${d}`, fill: "none", stroke: color, "stroke-width": 2, "stroke-dasharray": dash, "stroke-linejoin": "round" })
    this.dots.push(put(this.svg, "circle", { r: this.letter * 0.45, fill: color, stroke: "var(--st-background-color)", "stroke-width": 2 }))
  }

  move(allRates) {
    allRates.forEach(({ precision, recall }, index) => {
      const isDefined = precision === precision && recall === recall
      this.dots[index].setAttribute("visibility", isDefined ? "visible" : "hidden")
      if (!isDefined) return
      this.dots[index].setAttribute("cx", this.toX(recall))
      this.dots[index].setAttribute("cy", this.toY(precision))
    })
  }
}
