// One small map: its points on a canvas, the one that is looked at, and its true neighbours. It knows no Streamlit.
import { ARROWS } from "../../../shared/frontend/keys.js"
import { clamp } from "../../../shared/frontend/numbers.js"
import { mark, ring } from "./marks.js"

const REACH = 18 // pixels from which a point can be pointed at
const EDGE = 12 // pixels around the points

export class SmallMap {
  #canvas
  #look // what all maps of a group share: { colors, shapes, sizes, near, ink, accent }
  #points = null // [x, y, x, y …], 0 to `side`
  #hollow = null
  #side = 1
  #classes = null

  // on: { look(row | null), choose(row) }
  constructor(canvas, on) {
    this.#canvas = canvas
    this.active = null
    canvas.onpointermove = (event) => on.look(this.at(event.offsetX, event.offsetY))
    canvas.onpointerleave = () => on.look(null)
    canvas.onclick = (event) => {
      const row = this.at(event.offsetX, event.offsetY)
      if (row !== null) on.choose(row)
    }
    canvas.onkeydown = (event) => {
      if (event.key === "Enter" && this.active !== null) on.choose(this.active)
      else if (event.key in ARROWS) on.look(this.beside(this.active, ARROWS[event.key]))
      else return
      event.preventDefault()
    }
  }

  show({ points, side, hollow, classes }, look) {
    this.#points = points
    this.#side = side
    this.#hollow = hollow
    this.#classes = classes
    this.#look = look
  }

  #count() {
    return this.#points.length / 2
  }

  // Pixels of a point: the map keeps its proportions.
  #place(row) {
    const { clientWidth: width, clientHeight: height } = this.#canvas
    const scale = (Math.min(width, height) - 2 * EDGE) / this.#side
    const [x, y] = [this.#points[2 * row], this.#points[2 * row + 1]]
    return [width / 2 + (x - this.#side / 2) * scale, height / 2 - (y - this.#side / 2) * scale]
  }

  at(x, y) {
    let [best, least] = [null, REACH]
    for (let row = 0; row < this.#count(); row++) {
      const [pointX, pointY] = this.#place(row)
      const distance = Math.hypot(pointX - x, pointY - y)
      if (distance < least) [best, least] = [row, distance]
    }
    return best
  }

  // The nearest point in a direction, as arrow keys go; with none to begin with, the one next to the middle.
  beside(row, [down, right]) {
    const [fromX, fromY] = row === null ? [this.#canvas.clientWidth / 2, this.#canvas.clientHeight / 2] : this.#place(row)
    let [best, least] = [row, Infinity]
    for (let other = 0; other < this.#count(); other++) {
      if (other === row) continue
      const [x, y] = this.#place(other)
      const ahead = (x - fromX) * right + (y - fromY) * down
      const aside = Math.abs((x - fromX) * down) + Math.abs((y - fromY) * right)
      const cost = row === null ? Math.hypot(x - fromX, y - fromY) : ahead > 0.01 ? ahead + 2 * aside : Infinity
      if (cost < least) [best, least] = [other, cost]
    }
    return best
  }

  // chosen: stays marked; active: is looked at now. Rows, or null.
  draw(chosen, active) {
    this.active = active ?? chosen
    const { clientWidth: width, clientHeight: height } = this.#canvas
    if (!width || !height || !this.#points) return
    const ratio = window.devicePixelRatio || 1
    this.#canvas.width = Math.round(width * ratio)
    this.#canvas.height = Math.round(height * ratio)
    const context = this.#canvas.getContext("2d")
    context.scale(ratio, ratio)
    const radius = clamp(Math.min(width, height) / 70, 2, 5) * this.#look.scale
    for (let row = 0; row < this.#count(); row++) {
      const kind = this.#classes ? this.#classes[row] : 0
      const color = this.#look.plain ?? (kind < 0 ? this.#look.none : this.#look.colors[kind])
      const shape = kind < 0 ? 0 : this.#look.shapes[kind]
      mark(context, ...this.#place(row), radius, shape, color, this.#hollow?.[row] === "1")
    }
    for (const row of new Set([chosen, active])) if (row !== null && row < this.#count()) this.#point(context, row, radius)
  }

  #point(context, row, radius) {
    const from = this.#place(row)
    for (const near of this.#look.near?.[row] ?? []) {
      const to = this.#place(near)
      context.beginPath()
      context.moveTo(...from)
      context.lineTo(...to)
      context.lineWidth = 1.5 * this.#look.scale
      context.strokeStyle = this.#look.accent
      context.stroke()
      ring(context, ...to, radius + 2, this.#look.accent, 2)
    }
    ring(context, ...from, radius + 4, this.#look.ink, 3)
  }
}
