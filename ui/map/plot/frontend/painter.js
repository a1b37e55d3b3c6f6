// Draws a map: puts together what is seen at a moment, and paints it on the two canvases of the stage.
//
// scene: for points (webgl.js, plain.js), marks.js and pick.js
//   { content, motion, matrix, size, order, groups, codes, flags, palette, look, radius, alpha, contours, cursor, chosen,
//     isDeep, isMoving, marksUnsure, showsNames, textOf, share }; share of the points that is drawn
import { contours } from "./contours.js"
import { alphaOf, lookOf, printed, radiusOf } from "./look.js"
import { drawArea, drawMarks } from "./marks.js"
import { groupsOf } from "./names.js"
import { orderOf } from "./order.js"
import { Pace } from "./pace.js"
import { PlainPoints } from "./plain.js"
import { savePng } from "./png.js"
import { paletteOf, WebglPoints } from "./webgl.js"

const REST_MS = 160
const PLAIN_WHEN_SMALL = 2000 // points; a browser lends few WebGL contexts at once

export class Painter {
  scene = null
  #root
  #stage
  #points = null
  #look = null
  #made = {} // order, flags, groups, palette
  #contours = {}
  #painted = {}
  #pace = new Pace()
  #share = 1
  #isAtRest = false
  #rest = 0
  #drawAgain

  // drawAgain() draws the view at once.
  constructor(root, drawAgain) {
    this.#root = root
    this.#drawAgain = drawAgain
    this.#stage = root.querySelector(".map-stage")
  }

  get name() {
    return this.#points?.name
  }

  // calls: lost(isLost), plain(): there is no WebGL 2.
  prepare(content, calls) {
    if (this.#points) return
    const before = this.#stage.querySelector(".map-points")
    const canvas = before.cloneNode() // a canvas whose context was given back would not get another
    before.replaceWith(canvas)
    try {
      if (content.small && content.count <= PLAIN_WHEN_SMALL) this.#points = new PlainPoints(canvas)
      else this.#points = new WebglPoints(canvas, calls.lost)
    } catch {
      this.#points = new PlainPoints(canvas)
      if (!content.small) calls.plain()
    }
  }

  // Order, flags or colours are no longer what they were.
  renew(content, choices) {
    const order = orderOf(content, choices.hidden, choices.selection)
    this.#made = { order, flags: choices.flags(), groups: groupsOf(content, order), palette: paletteOf(content.color) }
  }

  measure(isProjected) {
    this.#look = lookOf(this.#root, isProjected)
  }

  #sceneOf({ travel, content, choices, switches, cursor, texts }) {
    const { size, motion, matrix, isDeep, isMoving } = travel
    const scene = { content, motion, matrix, size, isDeep, isMoving, ...this.#made, codes: content.codes, look: this.#look }
    Object.assign(scene, { cursor, chosen: choices.chosen, textOf: (row) => texts.of(row) })
    scene.marksUnsure = switches.unsure
    scene.showsNames = switches.names
    scene.radius = radiusOf(scene.order.length, Math.max(1, travel.zoom), this.#look, size)
    scene.alpha = alphaOf(scene.order.length)
    scene.contours = this.#contoursOf(scene, switches.density === "auto" ? content.density : switches.density)
    return scene
  }

  // Made anew when the map has come to rest: until then they move with it.
  #contoursOf(scene, wish) {
    const { matrix, size, motion, order, radius } = scene
    if (wish === "off" || scene.isDeep || scene.isMoving || scene.content.small) return { levels: [], matrix, size }
    const same = [order, motion.mix, motion.version, wish, size]
    const view = [matrix.join(), radius]
    const before = this.#contours
    const isSame = same.every((part, index) => part === before.same?.[index])
    if (isSame && view.every((part, index) => part === before.view[index])) return before
    if (isSame && !this.#isAtRest) {
      this.#restSoon()
      return before
    }
    this.#contours = { same, view, levels: contours(scene, wish === "on"), matrix, size }
    return this.#contours
  }

  #restSoon() {
    clearTimeout(this.#rest)
    this.#rest = setTimeout(() => {
      this.#isAtRest = true
      this.#drawAgain()
      this.#isAtRest = false
    }, REST_MS)
  }

  draw(view, now) {
    if (!this.#points) return // a last look of the browser at a map that is gone
    this.scene = this.#sceneOf(view)
    this.#drawPoints(now)
    const context = this.#cleared(this.#stage.querySelector(".map-marks"), this.scene.size)
    this.#root.dataset.names = drawMarks(context, this.scene)
    if (view.area) drawArea(context, this.scene, view.area)
  }

  // Only when they are not on the canvas as they should be: a pointer that moves changes nothing of them.
  #drawPoints(now) {
    const { scene } = this
    const { matrix, motion, order, flags, palette, radius, marksUnsure, look, size } = scene
    const place = [matrix.join(), motion.version, motion.mix, radius]
    const rest = [order, flags, palette, marksUnsure, look, size, devicePixelRatio]
    const changed = (name, parts) => {
      const before = this.#painted[name]
      this.#painted[name] = parts
      return !before || parts.some((part, index) => part !== before[index])
    }
    const [isMoved, isOther] = [changed("place", place), changed("rest", rest)]
    if (!isMoved && !isOther && (this.#share === 1 || !this.#isAtRest)) return
    this.#share = isMoved && !isOther ? this.#pace.next(now, order.length, this.#isAtRest) : 1
    scene.share = this.#share
    this.#points.draw(scene, devicePixelRatio)
    if (this.#share < 1) this.#restSoon()
  }

  // The canvas has lost what was on it.
  forget() {
    this.#painted = {}
  }

  #cleared(canvas, { width, height }) {
    const [wide, high] = [Math.round(width * devicePixelRatio), Math.round(height * devicePixelRatio)]
    if (canvas.width !== wide) canvas.width = wide
    if (canvas.height !== high) canvas.height = high
    // Not by the graphics card: where that is software, thousands of short lines would take it a second.
    const context = canvas.getContext("2d", { willReadFrequently: true })
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0)
    context.clearRect(0, 0, width, height)
    return context
  }

  save() {
    const scene = { ...this.scene, look: printed(this.#look), cursor: null, share: 1 }
    savePng(scene, this.#points)
    this.forget()
    this.#drawAgain()
  }

  dispose() {
    this.#points?.dispose()
    this.#points = null
  }
}
