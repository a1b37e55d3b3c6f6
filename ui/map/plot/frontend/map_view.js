// A map with all that belongs to it, inside the elements of plot.html. It knows no Streamlit: the component and the
// stand-alone page both use it.
import { filled } from "../../../shared/frontend/words.js"
import { Choices } from "./choices.js"
import { Hands } from "./hands.js"
import { showLegend, showRemarks } from "./legend.js"
import { Notes } from "./notes.js"
import { Painter } from "./painter.js"
import { isInside, placeOf } from "./places.js"
import { MOST_PLAIN } from "./plain.js"
import { Steps } from "./steps.js"
import { Texts } from "./texts.js"
import { showTools } from "./tools.js"
import { Travel } from "./travel.js"

const FEW = 60 // texts that may stand beside their points

export class MapView {
  content = null
  travel = new Travel()
  choices = new Choices()
  mode = "move"
  switches = { names: true, density: "auto", unsure: true }
  cursor = null // a row: what is pointed at
  area = null // that is being drawn
  texts = null
  #root
  #stage
  #report
  #painter
  #hands
  #steps
  #frame = 0

  // report({ chosen, selection, latest }) is called when somebody chooses or selects.
  constructor(root, report) {
    this.#root = root
    this.#report = report
    this.#stage = root.querySelector(".map-stage")
    this.#painter = new Painter(root, () => this.#draw(performance.now()))
    this.notes = new Notes(root)
    const calls = { scrub: (place) => this.#scrub(place), step: (place) => this.#step(place) }
    this.#steps = new Steps(root.querySelector(".map-steps"), calls)
    this.#hands = new Hands(root, this)
    new ResizeObserver(() => this.#fitIn()).observe(this.#stage)
  }

  get #hasContours() {
    return Boolean(this.scene?.contours.levels.length)
  }

  get scene() {
    return this.#painter.scene
  }

  // content: see content.js.
  show(content) {
    const before = this.content
    const isOther = this.travel.show(content)
    this.content = content
    this.choices.show(content, isOther)
    if (isOther) this.cursor = this.area = null
    this.texts = new Texts(content, () => this.#answered())
    this.#nameStage()
    this.#painter.prepare(content, { lost: (isLost) => this.#lost(isLost), plain: () => this.#isPlain() })
    this.#steps.show(content, this.travel.motion.place)
    this.changed()
    const isNew = !isOther && content.chosen && before?.chosen?.row !== content.chosen.row
    if (isNew) this.bringIntoView(content.chosen.row)
  }

  #nameStage() {
    const { alt, small, projector } = this.content
    this.#root.classList.toggle("map-small", small)
    this.#root.classList.toggle("map-large", Boolean(projector))
    const keys = this.#root.querySelector(".map-keys")
    keys.id ||= `map-keys-${crypto.getRandomValues(new Uint32Array(1))[0]}`
    this.#stage.setAttribute("aria-describedby", keys.id)
    this.#stage.setAttribute("aria-label", alt)
  }

  #lost(isLost) {
    this.notes.keep(isLost ? this.content.words.lost : "")
    this.#root.dataset.lost = String(isLost)
    this.#painter.forget()
    this.drawSoon()
  }

  #isPlain() {
    const [n, all] = [Math.min(MOST_PLAIN, this.content.count), this.content.count]
    this.notes.keep(this.content.words.no_webgl, { n: n.toLocaleString(), all: all.toLocaleString() })
  }

  #answered() {
    this.#hands.showTip()
    this.drawSoon()
  }

  // Something that order, flags or legend depend on is new.
  changed() {
    this.#painter.renew(this.content, this.choices)
    this.notes.count(this.content, this.choices.selectedCount)
    this.#showWords()
    this.#fitIn()
  }

  #showWords() {
    const { content, choices, switches, travel, mode } = this
    const contours = this.#hasContours
    const wish = switches.density === "auto" ? content.density : switches.density
    const shown = {
      names: content.groupNames.some(Boolean) || content.count <= FEW ? switches.names : null,
      density: travel.isDeep ? null : wish === "on" || (wish === "auto" && contours),
      unsure: content.kept ? switches.unsure : null,
    }
    showTools(this.#root, content, { mode, switches: shown, isDeep: travel.isDeep })
    this.#stage.dataset.mode = mode
    const change = (act) => (label) => {
      choices[act](label)
      this.changed()
    }
    const calls = { onToggle: change("hide"), onOnly: change("only") }
    showLegend(this.#root.querySelector(".map-legend"), content, choices.hidden, calls)
    showRemarks(this.#root.querySelector(".map-remarks"), content.words, { hollow: shown.unsure, contours })
  }

  // A map in a tab that is not open has no width; it is drawn when it gets one.
  #fitIn() {
    const { clientWidth: width, clientHeight: height } = this.#stage
    if (!this.content || !width || !height) return
    this.travel.size = { width, height }
    this.#painter.measure(this.content.projector)
    this.#draw(performance.now())
  }

  drawSoon() {
    if (this.#frame || !this.scene) return
    this.#frame = requestAnimationFrame((now) => {
      this.#frame = 0
      this.#draw(now)
    })
  }

  #draw(now) {
    const hadContours = this.#hasContours
    const { travel } = this
    travel.update(now)
    this.#painter.draw(this, now)
    const { dataset } = this.#root
    dataset.painted = this.content.content
    dataset.renderer = this.#painter.name
    dataset.zoom = travel.zoom.toFixed(3)
    dataset.place = travel.motion.place.toFixed(2)
    dataset.moving = String(travel.isMoving)
    if (travel.isMoving) this.drawSoon()
    else if (hadContours !== this.#hasContours) this.#showWords()
  }

  // ---- what is done ----

  choose(row) {
    this.choices.chosen = row
    this.#hands.showTip()
    this.drawSoon()
    if (row !== null) this.notes.say(filled(this.content.words.chosen, { text: this.texts.of(row) ?? "" }))
    this.#report(this.choices.reported("chosen"))
  }

  // These rows, or one more or less.
  select(rows, isAdding, toggled = null) {
    if (toggled === null) this.choices.select(rows, isAdding)
    else this.choices.toggle(toggled)
    this.changed()
    const [n, all] = [this.choices.selectedCount, this.content.count].map((number) => number.toLocaleString())
    this.notes.say(this.choices.selection ? filled(this.content.words.selected, { n, all }) : this.content.words.nothing)
    this.#report(this.choices.reported("selection"))
  }

  setMode(mode) {
    this.mode = mode
    this.#showWords()
  }

  toggle(name) {
    const { switches, content } = this
    const wish = switches.density === "auto" ? content.density : switches.density
    const isDense = wish === "on" || (wish === "auto" && this.#hasContours)
    if (name === "density") switches.density = isDense ? "off" : "on"
    else switches[name] = !switches[name]
    this.#fitIn()
    this.#showWords()
  }

  bringIntoView(row) {
    if (!this.scene || this.travel.isMoving || isInside(placeOf(this.scene, row), this.scene.size, -20)) return
    this.travel.flyTo(row)
    this.drawSoon()
  }

  #scrub(place) {
    this.travel.scrub(place)
    this.drawSoon()
  }

  #step(place) {
    this.travel.goTo(place)
    this.#steps.at(place)
    this.drawSoon()
  }

  save() {
    this.#painter.save()
  }

  // Where a point is in the window, for who looks from outside.
  placeOf(row) {
    const { left, top } = this.#stage.getBoundingClientRect()
    const { x, y } = placeOf(this.scene, row)
    return { x: left + x, y: top + y }
  }

  dispose() {
    this.#painter.dispose()
  }
}
