// What somebody does with pointer, keys and buttons, as changes of a view (map_view.js).
import { filled } from "../../../shared/frontend/words.js"
import { NO_GROUP } from "./content.js"
import { followPointers, followWheel } from "./gestures.js"
import { followKeys } from "./keyboard.js"
import { insideBox, insidePolygon, nearestTo, nextTo } from "./pick.js"
import { isInside, placeOf, rowsInView } from "./places.js"
import { aboutRow, showTip } from "./tip.js"
import { followTools, toggleHelp } from "./tools.js"

const REACH = 10 // pixels around a point
const TOUCH_REACH = 22
const ZOOM_STEP = 1.5
const PAN_STEP = 60

export class Hands {
  #view
  #root
  #stage
  #pointer = null // where the mouse is

  constructor(root, view) {
    this.#view = view
    this.#root = root
    this.#stage = root.querySelector(".map-stage")
    followPointers(this.#stage, () => view.mode, {
      hover: (place) => this.#hover(place),
      leave: () => this.#leave(),
      pick: (place, isMouse) => this.#pick(place, isMouse),
      drag: (right, down, isMoving) => this.#change(() => view.travel.drag(right, down, isMoving)),
      zoom: (factor, place) => this.#change(() => view.travel.zoomBy(factor, place)),
      area: (corners, isDone, isAdding) => this.#area(corners, isDone, isAdding),
      hold: (isHeld) => this.#stage.classList.toggle("map-held", isHeld),
    })
    followWheel(this.#stage, {
      zoom: (factor, place) => this.#change(() => view.travel.zoomBy(factor, place)),
      refused: () => view.notes.forAMoment(view.content?.words.wheel ?? ""),
    })
    this.#followKeys()
    this.#followTools()
  }

  #change(act) {
    if (!this.#view.scene) return
    act()
    this.#view.drawSoon()
  }

  // ---- pointing ----

  #hover(place) {
    const { view, scene } = this.#now
    if (!scene || view.travel.isMoving) return
    this.#pointer = place
    const row = nearestTo(scene, place, scene.radius + REACH)
    this.#stage.classList.toggle("map-over", row !== null && view.mode === "move")
    if (row !== view.cursor) {
      view.cursor = row
      view.drawSoon()
    }
    this.showTip()
  }

  get #now() {
    return { view: this.#view, scene: this.#view.scene, content: this.#view.content }
  }

  // Also when the text has arrived.
  showTip() {
    const { view, scene, content } = this.#now
    const row = view.cursor
    const isPlain = row === null || !scene || row === view.choices.chosen
    const place = isPlain ? null : this.#pointer ?? placeOf(scene, row)
    showTip(this.#stage, content, row, place, row === null ? "" : view.texts.of(row))
  }

  #leave() {
    this.#pointer = null
    this.#view.cursor = null
    this.#stage.classList.remove("map-over")
    this.showTip()
    this.#view.drawSoon()
  }

  #pick(place, isMouse) {
    const { view, scene } = this.#now
    if (!scene) return
    if (isMouse) this.#stage.focus({ preventScroll: true })
    const row = nearestTo(scene, place, scene.radius + (isMouse ? REACH : TOUCH_REACH))
    if (row !== null) view.choose(row === view.choices.chosen && isMouse ? null : row)
    else if (view.choices.selection) view.select([], false)
    else if (view.choices.chosen !== null) view.choose(null)
  }

  // corners is null when the drawing was broken off.
  #area(corners, isDone, isAdding) {
    const { view, scene } = this.#now
    const isBox = view.mode === "box"
    view.area = isDone || !corners ? null : { corners, isBox }
    if (isDone && corners) {
      const inside = isBox ? insideBox(scene, corners[0], corners.at(-1)) : insidePolygon(scene, corners)
      view.select(inside, isAdding)
    }
    view.drawSoon()
  }

  // ---- keys ----

  #followKeys() {
    const view = this.#view
    const middle = () => ({ x: view.travel.size.width / 2, y: view.travel.size.height / 2 })
    const towards = () => {
      const place = view.cursor === null ? null : placeOf(view.scene, view.cursor)
      return place && isInside(place, view.scene.size) ? place : middle()
    }
    followKeys(this.#stage, {
      go: (direction) => this.#go(direction),
      pan: ([down, right]) => this.#change(() => view.travel.drag(-right * PAN_STEP, -down * PAN_STEP, false)),
      zoom: (factor) => this.#change(() => view.travel.zoomBy(factor, towards())),
      fit: () => this.#change(() => view.travel.showAll()),
      choose: () => view.cursor !== null && view.choose(view.cursor),
      release: () => this.#release(),
      mark: () => view.cursor !== null && view.select(null, false, view.cursor),
      markGroup: () => this.#markGroup(),
      markView: () => view.select(rowsInView(view.scene), false),
      toggle: (name) => view.toggle(name),
      legend: () => this.#root.querySelector(".map-legend button")?.focus(),
    })
    this.#stage.addEventListener("blur", () => this.#leave())
    this.#stage.addEventListener("focus", () => {
      if (this.#stage.matches(":focus-visible") && !this.#pointer) view.notes.forAMoment(view.content?.words.keys ?? "")
    })
    this.#root.querySelector(".map-legend").addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.#stage.focus()
    })
  }

  // The first key shows where the cursor is: at the chosen text, else at the point nearest to the middle.
  #go(direction) {
    const { view, scene, content } = this.#now
    if (!scene || !scene.order.length) return
    this.#pointer = null
    const start = view.cursor ?? view.choices.chosen
    const middle = { x: scene.size.width / 2, y: scene.size.height / 2 }
    const next = start === null ? nearestTo(scene, middle, Infinity) : nextTo(scene, placeOf(scene, start), direction, start)
    if (next === null) return
    view.cursor = next
    view.bringIntoView(next)
    view.drawSoon()
    this.showTip()
    view.notes.say(filled(content.words.point, { text: view.texts.of(next) ?? content.words.waiting, label: aboutRow(content, next) }))
  }

  #release() {
    const { view } = this.#now
    if (view.choices.selection) view.select([], false)
    else if (view.choices.chosen !== null) view.choose(null)
    else this.#stage.blur()
  }

  #markGroup() {
    const { view, content, scene } = this.#now
    const row = view.cursor ?? view.choices.chosen
    if (row === null) return
    const same = content.groups && content.groups[row] !== NO_GROUP ? content.groups : content.codes
    view.select(Array.from(scene.order).filter((other) => same[other] === same[row]), false)
  }

  // ---- buttons ----

  #followTools() {
    const view = this.#view
    const middle = () => ({ x: view.travel.size.width / 2, y: view.travel.size.height / 2 })
    const does = {
      in: () => this.#change(() => view.travel.zoomBy(ZOOM_STEP, middle())),
      out: () => this.#change(() => view.travel.zoomBy(1 / ZOOM_STEP, middle())),
      fit: () => this.#change(() => view.travel.showAll()),
      save: () => view.save(),
      help: () => toggleHelp(this.#root),
    }
    followTools(this.#root, { does: (name) => does[name](), mode: (mode) => view.setMode(mode), toggle: (name) => view.toggle(name) })
  }
}
