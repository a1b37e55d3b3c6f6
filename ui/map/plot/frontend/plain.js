// Points on a canvas without the graphics card: for browsers without WebGL 2, and for small pictures side by side, which
// would be more than a browser lends at once. Same calls as webgl.js.
import { channels } from "../../../shared/frontend/colors.js"
import { disc, polygon, star } from "../../../shared/frontend/shapes.js"
import { FLAGS } from "./content.js"
import { eachPlace } from "./places.js"

export const MOST_PLAIN = 5000
const SHAPES_FROM = 2.2
const { UNSURE, DIM, FOUND } = FLAGS

export class PlainPoints {
  canvas
  #context
  #paths = new Map()
  name = "plain"
  isLost = false

  constructor(canvas) {
    this.canvas = canvas
    this.#context = canvas.getContext("2d")
  }

  draw(scene, ratio) {
    const { size, radius, look, palette } = scene
    const [width, height] = [size.width, size.height].map((length) => Math.max(1, Math.round(length * ratio)))
    if (this.canvas.width !== width) this.canvas.width = width
    if (this.canvas.height !== height) this.canvas.height = height
    const context = this.#context
    context.setTransform(ratio, 0, 0, ratio, 0, 0)
    context.clearRect(0, 0, size.width, size.height)
    const ink = channels(look.ink)
    eachPlace(scene, drawnRows(scene.order), (row, x, y) => {
      if (x < -9 || y < -9 || x > size.width + 9 || y > size.height + 9) return
      const color = palette.subarray(4 * scene.codes[row], 4 * scene.codes[row] + 4)
      this.#draw(context, scene, { x, y, color, ink, flags: scene.flags[row], radius })
    })
  }

  #draw(context, scene, { x, y, color, ink, flags, radius }) {
    const fill = `rgb(${color[0]} ${color[1]} ${color[2]})`
    const edge = ink.map((channel, index) => Math.round(color[index] + 0.38 * (channel - color[index])))
    const path = this.#path(radius >= SHAPES_FROM ? color[3] : 0, radius)
    context.globalAlpha = flags & DIM ? 0.2 : scene.alpha
    context.translate(x, y)
    if (scene.marksUnsure && flags & UNSURE) {
      context.strokeStyle = fill
      context.lineWidth = Math.max(1, 0.3 * radius)
    } else {
      context.fillStyle = fill
      context.fill(path)
      context.strokeStyle = `rgb(${edge})`
      context.lineWidth = 0.8
    }
    context.stroke(path)
    if (flags & FOUND) {
      context.globalAlpha = 1
      context.strokeStyle = scene.look.ink
      context.lineWidth = 1.6
      context.beginPath()
      context.arc(0, 0, radius + 2.6, 0, 2 * Math.PI)
      context.stroke()
    }
    context.translate(-x, -y)
    context.globalAlpha = 1
  }

  #path(shape, radius) {
    const key = `${shape} ${radius}`
    if (this.#paths.size > 100) this.#paths.clear()
    if (!this.#paths.has(key)) this.#paths.set(key, new Path2D(outline(shape, radius)))
    return this.#paths.get(key)
  }

  dispose() {}
}

// All, or as many as are drawn without a wait, evenly out of the order of chance; the last ones are those that stand out.
export function drawnRows(order) {
  const step = Math.ceil(order.length / MOST_PLAIN)
  return step <= 1 ? order : order.filter((_row, number) => (order.length - 1 - number) % step === 0)
}

// The `d` of a shape's path; its number as in ui/map/plot/palette.py.
export function outline(shape, radius) {
  const arms = (width, length) =>
    `M${-width},${-length}H${width}V${-width}H${length}V${width}H${width}V${length}H${-width}V${width}H${-length}V${-width}H${-width}Z`
  const cross = () => {
    const [near, far] = [0.36 * radius, 0.95 * radius]
    const tips = [[0, -near], [far - near, -far], [far, near - far], [near, 0], [far, far - near], [far - near, far], [0, near]]
    const others = [[near - far, far], [-far, far - near], [-near, 0], [-far, near - far], [near - far, -far]]
    return `M${[...tips, ...others].join("L")}Z`
  }
  const shapes = [
    () => disc(radius),
    () => polygon(4, 1.2 * radius, 0),
    () => polygon(4, 1.22 * radius, Math.PI / 4),
    () => arms(0.42 * radius, 1.15 * radius),
    cross,
    () => polygon(3, 1.3 * radius, -Math.PI / 2),
    () => star(1.35 * radius, 0.6 * radius),
    () => polygon(6, 1.08 * radius, 0),
    () => disc(0.62 * radius),
  ]
  return (shapes[shape] ?? shapes[0])()
}
