// From where the map is looked at, and where its points are, while both are on their way. Where one has looked stays for each
// layout; a layout that nobody has moved shows all.
import { between, centred, fitted, isDeep, matrixOf, moved, turned, zoomed } from "./camera.js"
import { Motion } from "./motion.js"

const TRANSITION_MS = 700
const FLIGHT_MS = 350

const ease = (share) => (share < 0.5 ? 4 * share ** 3 : 1 - (-2 * share + 2) ** 3 / 2)

export class Travel {
  motion = null
  matrix = null
  size = { width: 1, height: 1 }
  #content = null
  #cameras = new Map()
  #shown = "" // digest of the layout that the page has asked for last
  #way = null // { from: matrix, start, ms, movesPoints }

  // Returns whether these are other texts than before.
  show(content) {
    const isOther = this.#content?.content !== content.content || this.#content.count !== content.count
    const target = content.layouts[content.place]
    if (isOther) {
      this.motion = new Motion(content.count)
      this.#cameras.clear()
      this.#way = null
    }
    const isSame = !isOther && this.#shown === target.digest && this.#content.layouts.length === content.layouts.length
    this.#content = content
    this.motion.set(content.layouts)
    if (isSame && content.steps) this.motion.scrub(this.motion.place) // perhaps the slider's
    else if (isOther || this.#shown === target.digest) this.motion.jump(content.place)
    else this.goTo(content.place)
    this.#shown = target.digest
    return isOther
  }

  goTo(place) {
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return this.motion.jump(place)
    this.#setOut(TRANSITION_MS, true)
    return this.motion.leave(place)
  }

  scrub(place) {
    this.#way = null
    this.motion.scrub(place)
  }

  #setOut(ms, movesPoints) {
    if (!this.matrix || matchMedia("(prefers-reduced-motion: reduce)").matches) return
    this.#way = { from: this.matrix, start: performance.now(), ms, movesPoints }
  }

  get isMoving() {
    return this.#way !== null
  }

  // Where things are at this moment.
  update(now) {
    const target = matrixOf(this.camera, this.size)
    if (!this.#way) return void (this.matrix = target)
    const share = Math.min(1, Math.max(0, (now - this.#way.start) / this.#way.ms))
    this.matrix = between(this.#way.from, target, ease(share))
    if (this.#way.movesPoints) this.motion.mix = ease(share)
    if (share < 1) return undefined
    if (this.#way.movesPoints) this.motion.jump(this.motion.place)
    this.#way = null
    return undefined
  }

  // ---- the camera ----

  get #layout() {
    return this.#content.layouts[Math.min(Math.round(this.motion.place), this.#content.layouts.length - 1)]
  }

  get #name() {
    return this.#content.steps ? "steps" : `${this.#layout.name} ${this.#layout.dimensions}`
  }

  get #whole() {
    const places = this.#content.steps ? this.#content.layouts.keys() : [Math.round(this.motion.place)]
    const all = Array.from(places, (place) => this.motion.layout(place).bounds)
    const most = (end, pick) => [0, 1, 2].map((axis) => pick(...all.map((bounds) => bounds[end][axis])))
    return fitted({ low: most("low", Math.min), high: most("high", Math.max) }, this.#layout.dimensions, this.size)
  }

  get camera() {
    return this.#cameras.get(this.#name) ?? this.#whole
  }

  get isDeep() {
    return isDeep(this.camera)
  }

  get isWhole() {
    return !this.#cameras.has(this.#name)
  }

  get zoom() {
    return this.camera.scale / this.#whole.scale
  }

  #set(camera) {
    this.#cameras.set(this.#name, camera)
  }

  zoomBy(factor, place) {
    this.#set(zoomed(this.camera, factor, place, this.size, this.#whole))
  }

  drag(right, down, isMoving) {
    const change = this.isDeep && !isMoving ? turned : moved
    this.#set(change(this.camera, right, down))
  }

  // Bring a point into the middle.
  flyTo(row) {
    this.#setOut(FLIGHT_MS, false)
    this.#set(centred(this.camera, this.motion.at(row)))
  }

  showAll() {
    this.#setOut(FLIGHT_MS, false)
    this.#cameras.delete(this.#name)
  }
}
