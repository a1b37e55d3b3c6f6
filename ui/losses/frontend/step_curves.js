import { svg } from "../../shared/frontend/svg.js"

// Curves over the steps: mean cosine of matches and of each point's nearest mismatch from -1 to 1, and the loss on a scale of its own.
export class StepCurves {
  #panel
  #cursor
  #dots

  constructor(panel) {
    this.#panel = panel
    this.element = svg("svg", { class: "circles-curves", viewBox: "0 0 300 78", "aria-hidden": "true" })
    this.element.append(svg("line", { class: "circles-zero", x1: 0, x2: 300, y1: 24, y2: 24 }))
    this.#dots = ["matches", "nearest", "losses"].flatMap((name) => {
      const scale = this.#scale(name)
      if (!scale) return []
      const line = panel[name].map((value, frame) => (value === null ? "" : `${this.#x(frame)},${scale(value).toFixed(2)}`))
      const dot = svg("circle", { class: `circles-dot circles-${name}`, r: 3.5 })
      this.element.append(svg("polyline", { class: `circles-curve circles-${name}`, points: line.join(" ") }), dot)
      return [{ name, scale, dot }]
    })
    this.#cursor = svg("line", { class: "circles-cursor", y1: 2, y2: 76 })
    this.element.append(this.#cursor)
  }

  #x(frame) {
    return (4 + (292 * frame) / Math.max(1, this.#panel.matches.length - 1)).toFixed(2)
  }

  #scale(name) {
    const values = this.#panel[name].filter((value) => value !== null)
    if (!values.length) return null
    if (name !== "losses") return (value) => 24 - 20 * value
    const [low, high] = [Math.min(...values), Math.max(...values)]
    return (value) => 74 - 22 * (high > low ? (value - low) / (high - low) : 0.5)
  }

  draw(frame) {
    const whole = Math.round(frame)
    for (const side of ["x1", "x2"]) this.#cursor.setAttribute(side, this.#x(frame))
    for (const { name, scale, dot } of this.#dots) {
      const value = this.#panel[name][whole]
      dot.style.display = value === null ? "none" : ""
      dot.setAttribute("cx", this.#x(whole))
      dot.setAttribute("cy", scale(value ?? 0).toFixed(2))
    }
  }
}
