// Circles with points that move, one for each loss: SVG, drawn anew for each frame. It knows no Streamlit.
//
// The rim is the current frame. A point's trail begins at the inner ring and runs outward in time, so that trails do not
// cover each other; points of the same direction are stacked outwards, so that the name of each can be read.
//
// panel: see ui/losses/view.py; its numbers are Float32Arrays, frame by frame.
import { inkOn } from "../../shared/frontend/colors.js"
import { disc, polygon } from "../../shared/frontend/shapes.js"
import { svg } from "../../shared/frontend/svg.js"

const RIM = 100
const OLDEST = 40 // radius at which the trail of the whole run begins
export const VIEW = { left: -148, top: -148, width: 296, height: 296 }
export const DARK_INK_FROM = 0.18 // luminance of a ground on which black and white letters are read equally well
const STACKED = 50 // how far outwards points of the same direction go, all together
const SHAPES = [
  disc,
  (r) => polygon(4, r * 1.28, Math.PI / 4),
  (r) => polygon(4, r * 1.28, 0),
  (r) => polygon(6, r * 1.12, 0),
  (r) => polygon(3, r * 1.5, -Math.PI / 2),
  (r) => polygon(5, r * 1.2, -Math.PI / 2),
  (r) => polygon(8, r * 1.1, Math.PI / 8),
]

export function shapeOf(kind, radius) {
  return SHAPES[kind % SHAPES.length](radius)
}

// The angle between two frames, along the shorter way.
function between(from, to, share) {
  const turn = Math.atan2(Math.sin(to - from), Math.cos(to - from))
  return from + share * turn
}

const screenPoint = (angle, radius) => [radius * Math.cos(angle), -radius * Math.sin(angle)]
const pair = ([x, y]) => `${x.toFixed(2)},${y.toFixed(2)}`

// How far outwards each point stands: the sum of how much it overlaps the points before it, so that nothing jumps.
function stacked(angles, bead) {
  const upon = angles.map((angle, index) => {
    const apart = (earlier) => RIM * Math.abs(Math.sin((angle - earlier) / 2)) // half of the way
    return angles.slice(0, index).reduce((sum, earlier) => sum + Math.sqrt(Math.max(0, 1 - (apart(earlier) / bead) ** 2)), 0)
  })
  const each = Math.min(1.85 * bead, STACKED / Math.max(1e-9, ...upon))
  return upon.map((count) => count * each)
}

export class Circle {
  #panel
  #points
  #frames
  #beads
  #trails
  #views
  #centers
  #bead

  // points: [{ name, color, shape }], the same in all circles.
  // bead: radius of a point, in units of the drawing, so that its name can be read.
  // rings: what the inner ring and the rim are, in words.
  constructor(panel, points, bead, rings) {
    this.#panel = panel
    this.#points = points
    this.#frames = panel.angles.length / points.length
    this.#bead = bead
    this.element = svg("svg", { class: "circles-circle", viewBox: Object.values(VIEW).join(" "), role: "img" })
    this.element.append(
      svg("circle", { class: "circles-rim", r: RIM }),
      svg("circle", { class: "circles-oldest", r: OLDEST }),
      svg("text", { class: "circles-ring", "font-size": bead * 1.05, dy: "0.35em" }, rings.start),
    )
    const [x, y] = screenPoint(this.#widestGap(), RIM - bead)
    const now = svg("text", { class: "circles-ring", "font-size": bead * 1.05, x, y, dy: "0.35em" }, rings.now)
    this.#trails = points.map(({ color }) => svg("polyline", { class: "circles-trail", style: `--own: ${color}` }))
    const count = panel.views ? panel.views.length / panel.angles.length : 0
    this.#views = points.map(({ color }) =>
      Array.from({ length: count }, () => svg("circle", { class: "circles-view", r: 4, style: `--own: ${color}` })),
    )
    const centers = panel.centers ? panel.centers.length / (2 * this.#frames) : 0
    this.#centers = Array.from({ length: centers }, () => svg("path", { class: "circles-center", d: "M-6,0H6M0,-6V6" }))
    this.#beads = points.map((point) => this.#makeBead(point))
    this.element.append(...this.#trails, now, ...this.#centers, ...this.#views.flat(), ...this.#beads.map(({ group }) => group))
  }

  #makeBead({ name, color, shape }) {
    const group = svg("g", { class: "circles-bead" })
    const stem = svg("line", { class: "circles-stem", stroke: color })
    const body = svg("g")
    body.append(
      svg("path", { d: shapeOf(shape, this.#bead), fill: color }),
      svg("text", { fill: inkOn(color, DARK_INK_FROM), "font-size": this.#bead * 1.05, dy: "0.35em" }, name),
    )
    group.append(stem, body)
    return { group, stem, body }
  }

  // The direction in which the last frame has most room for a word.
  #widestGap() {
    const angles = this.#points.map((_, point) => this.angleAt(point, this.#frames - 1)).sort((one, other) => one - other)
    const gaps = angles.map((angle, place) => (angles[place + 1] ?? angles[0] + 2 * Math.PI) - angle)
    const widest = gaps.indexOf(Math.max(...gaps))
    return angles[widest] + gaps[widest] / 2
  }

  angleAt(point, frame) {
    const [before, after] = [Math.floor(frame), Math.ceil(frame)]
    const angle = (which) => this.#panel.angles[which * this.#points.length + point]
    return between(angle(before), angle(after), frame - before)
  }

  // frame: may lie between two.
  draw(frame) {
    const angles = this.#points.map((_, point) => this.angleAt(point, frame))
    const out = stacked(angles, this.#bead)
    angles.forEach((angle, point) => {
      const [x, y] = screenPoint(angle, RIM + out[point])
      const [footX, footY] = screenPoint(angle, RIM)
      const { stem, body } = this.#beads[point]
      body.setAttribute("transform", `translate(${x.toFixed(2)} ${y.toFixed(2)})`)
      for (const [key, value] of Object.entries({ x1: footX, y1: footY, x2: x, y2: y })) stem.setAttribute(key, value.toFixed(2))
      this.#trails[point].setAttribute("points", this.#trail(point, frame))
      this.#views[point].forEach((view, index) => this.#place(view, this.#viewAngle(point, index, frame), RIM - 9))
    })
    this.#centers.forEach((center, index) => {
      const [x, y] = [0, 1].map((axis) => this.#panel.centers[(Math.round(frame) * this.#centers.length + index) * 2 + axis])
      center.setAttribute("transform", `translate(${(RIM * x).toFixed(2)} ${(-RIM * y).toFixed(2)})`)
    })
  }

  #viewAngle(point, view, frame) {
    const count = this.#views[point].length
    return this.#panel.views[(Math.round(frame) * this.#points.length + point) * count + view]
  }

  #place(element, angle, radius) {
    const [x, y] = screenPoint(angle, radius)
    element.setAttribute("cx", x.toFixed(2))
    element.setAttribute("cy", y.toFixed(2))
  }

  #trail(point, frame) {
    const step = (RIM - OLDEST) / Math.max(1, this.#frames - 1)
    const past = Array.from({ length: Math.floor(frame) + 1 }, (_, moment) => moment)
    return [...past, frame].map((moment) => pair(screenPoint(this.angleAt(point, moment), RIM - (frame - moment) * step))).join(" ")
  }
}
