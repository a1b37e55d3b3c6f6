// The scores of one model as two histograms, what is right upwards and what is wrong downwards, cut by the threshold.
import { clamp } from "../../frontend/numbers.js"
import { svg as element } from "../../frontend/svg.js"

const BINS = 48

export function put(parent, name, attributes, text) {
  const child = element(name, attributes, text)
  parent.append(child)
  return child
}

// So many scores are in each of the equal parts of the axis; what lies outside counts to the outermost.
function counted(scores, { low, high }) {
  const counts = Array.from({ length: BINS }, () => 0)
  for (const score of scores) counts[clamp(Math.floor(((score - low) / (high - low)) * BINS), 0, BINS - 1)] += 1
  return counts
}

export class Histogram {
  constructor(parent, series, axis, place, letter) {
    this.axis = axis
    this.place = place // left, width, top, height of the bars
    this.halves = series.labelled ? [series.right, series.wrong].map((scores) => counted(scores, axis)) : [counted(series.all, axis)]
    this.group = put(parent, "g", {})
    const highest = Math.max(1, ...this.halves.flat())
    this.middle = series.labelled ? place.top + place.height / 2 : place.top + place.height
    this.reach = (series.labelled ? place.height / 2 : place.height) - 2
    this.draw(highest, series)
    this.means(series, letter)
  }

  toX(value) {
    return this.place.left + ((clamp(value, this.axis.low, this.axis.high) - this.axis.low) / (this.axis.high - this.axis.low)) * this.place.width
  }

  draw(highest, series) {
    const { left, width, top, height } = this.place
    const id = `tuner-clip-${Math.random().toString(36).slice(2)}`
    this.clip = put(put(this.group, "clipPath", { id }), "rect", { x: left, y: top - 2, width, height: height + 4 })
    const kinds = series.labelled ? ["tuner-right", "tuner-wrong"] : ["tuner-only"]
    for (const faded of [true, false]) {
      const layer = put(this.group, "g", faded ? {} : { "clip-path": `url(#${id})` })
      this.halves.forEach((counts, half) => {
        const d = counts.map((count, bin) => this.bar(count / highest, bin, half)).join("")
        put(layer, "path", { d, class: `${kinds[half]}${faded ? " tuner-below" : ""}` })
      })
    }
    put(this.group, "line", { class: "tuner-axis", x1: left, x2: left + width, y1: this.middle, y2: this.middle })
  }

  bar(share, bin, half) {
    if (!share) return ""
    const width = this.place.width / BINS
    const length = Math.max(share * this.reach, 2)
    return `M${(this.place.left + bin * width + 0.5).toFixed(1)} ${this.middle}v${(half ? length : -length).toFixed(1)}h${(width - 1).toFixed(1)}V${this.middle}z`
  }

  // Small triangles: where the scores of each half are in the mean.
  means(series, letter) {
    const size = letter * 0.35
    const halves = series.labelled ? [series.right, series.wrong] : []
    halves.forEach((scores, half) => {
      if (!scores.length) return
      const x = this.toX(scores.reduce((sum, score) => sum + score, 0) / scores.length)
      const tip = half ? -1 : 1
      put(this.group, "path", { class: half ? "tuner-wrong" : "tuner-right", stroke: "var(--st-background-color)", d: `M${x} ${this.middle - tip}l${-size} ${-tip * size * 1.6}h${2 * size}z` })
    })
  }

  move(threshold) {
    const x = this.toX(threshold)
    this.clip.setAttribute("x", x)
    this.clip.setAttribute("width", Math.max(this.place.left + this.place.width - x, 0))
  }
}
