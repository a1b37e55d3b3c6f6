// The circles of all chosen losses, played together. Which of them is chosen, and the frame, is told to the rail (details.js).
import { fromBase64 } from "../../shared/frontend/bytes.js"
import { html } from "../../shared/frontend/html.js"
import { clamp, twoDecimals, withMinusSign } from "../../shared/frontend/numbers.js"
import { svg } from "../../shared/frontend/svg.js"
import { filled } from "../../shared/frontend/words.js"
import { Circle, shapeOf, VIEW } from "./circle.js"
import { StepCurves } from "./step_curves.js"

const ICONS = {
  reset: "M12 5V1.5L6.5 6.5 12 11.5V8a5.5 5.5 0 1 1-5.5 5.5H3.5A8.5 8.5 0 1 0 12 5z",
  back: "M17.5 5v14L8 12zM5 5h2v14H5z",
  play: "M7 4.5v15l12.5-7.5z",
  pause: "M6.5 5h4v14h-4zM13.5 5h4v14h-4z",
  forward: "M6.5 5v14L16 12zM17 5h2v14h-2z",
}
const NUMBERS = ["angles", "views", "centers"]
const WORDS = ["title", "setting", "settings", "verdict_in_words", "telling_in_words"]
const MOVED = "simcse-circles-moved"
const CURVES_FROM = 26 // so many letters high a row of circles has room for curves

function floats(text) {
  if (!text) return null
  return new Float32Array(fromBase64(text).buffer)
}

function unpacked(panel) {
  return { ...panel, ...Object.fromEntries(NUMBERS.map((name) => [name, floats(panel[name])])) }
}

const inHundredths = (value) => withMinusSign(twoDecimals(value))

function lossInWords(value) {
  if (value === null) return "–"
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 3
  return withMinusSign(value.toFixed(digits))
}

class Circles {
  #root
  #data = null
  #panels = []
  #drawn = []
  #chosen = null
  #frame = 0
  #playing = false
  #before = 0
  #size = [0, 0]
  #report

  constructor(root) {
    this.#root = root
    this.#listen()
    new ResizeObserver(() => this.#resize()).observe(root)
  }

  // Without a width the page is being left.
  #resize() {
    const size = [this.#root.clientWidth, this.#root.clientHeight]
    if (!this.#data || !size[0] || size.every((pixels, axis) => Math.abs(pixels - this.#size[axis]) < 4)) return
    this.#build()
    this.#draw()
  }

  get #last() {
    return this.#panels.length ? this.#panels[0].losses.length - 1 : 0
  }

  get #calm() {
    return matchMedia("(prefers-reduced-motion: reduce)").matches
  }

  // As many columns as there is room for, and no row much shorter than the others. Right and wrong stay in one row.
  get #columns() {
    const letters = this.#panels.some(({ verdict }) => verdict) ? 8.5 : 12
    const most = Math.max(1, Math.floor(this.#root.clientWidth / (letters * this.#letter)))
    return Math.ceil(this.#panels.length / Math.ceil(this.#panels.length / most))
  }

  get #hasCurves() {
    const rows = Math.ceil(this.#panels.length / this.#columns)
    return this.#root.clientHeight / rows > CURVES_FROM * this.#letter
  }

  // Pixels of the text.
  get #letter() {
    return parseFloat(getComputedStyle(this.#root).fontSize)
  }

  #find(name) {
    return this.#root.querySelector(`.circles-${name}`)
  }

  // data: see ui/losses/view.py. report(setting) tells the page that an option of a loss is set to another value.
  show(data, report) {
    this.#report = report
    const [before, same] = [this.#data, this.#data?.digest === data.digest]
    if (same && this.#data.look === data.look) return
    this.#data = data
    if (!same) this.#panels = data.panels.map(unpacked)
    else this.#panels = this.#panels.map((panel, index) => ({ ...panel, ...this.#wordsOf(data.panels[index]) }))
    if (!this.#panels.some(({ id }) => id === this.#chosen)) this.#chosen = this.#panels[0]?.id
    this.#build()
    if (!same) {
      this.#playing = false
      this.#frame = this.#last // the outcome with all its paths is what is there first
      if (before && !this.#calm) this.#play(true)
    }
    this.#draw()
    this.#root.dataset.painted = data.digest
  }

  #wordsOf(panel) {
    return Object.fromEntries(WORDS.map((name) => [name, panel[name]]))
  }

  // ---- what stands there ----

  #build() {
    const [{ points, words }, row, letter] = [this.#data, this.#find("row"), this.#letter]
    const { setting, option } = document.activeElement?.dataset ?? {}
    this.#size = [this.#root.clientWidth, this.#root.clientHeight]
    row.style.setProperty("--columns", this.#columns)
    this.#legend()
    this.#bar()
    const parts = this.#panels.map((panel) => ({
      panel,
      figure: html("figure", "circles-panel"),
      room: html("div", "circles-room"),
      numbers: html("dl", "circles-numbers"),
    }))
    for (const { panel, figure, room, numbers } of parts) {
      figure.append(this.#title(panel), room, numbers)
      figure.dataset.panel = panel.id
      figure.onclick = () => this.#choose(panel.id)
      this.#numbers(panel, numbers, this.#last) // so that they take their room
    }
    row.replaceChildren(...parts.map(({ figure }) => figure))
    if (setting) row.querySelector(`[data-setting="${setting}"][data-option="${option}"]`)?.focus()
    this.#drawn = parts.map(({ panel, figure, room, numbers }) => {
      const curves = new StepCurves(panel)
      if (this.#hasCurves) figure.append(curves.element)
      return { panel, room, curves, numbers }
    })
    for (const part of this.#drawn) {
      const side = Math.max(80, Math.min(part.room.clientWidth, part.room.clientHeight))
      const bead = clamp((0.95 * letter * VIEW.width) / side, 12, 30) // readable names
      part.circle = new Circle(part.panel, points, bead, { start: words.ring_start, now: words.ring_now })
    }
    for (const { room, circle } of this.#drawn) room.append(circle.element)
    this.#choose(this.#chosen)
  }

  #title(panel) {
    const caption = html("figcaption", "circles-title")
    const name = html("button", "circles-name", panel.title)
    name.type = "button"
    name.style.setProperty("--own", panel.color)
    caption.append(name)
    if (panel.verdict) caption.append(html("span", `circles-verdict circles-${panel.verdict}`, panel.verdict_in_words))
    if (panel.setting) caption.append(html("code", "", panel.setting))
    for (const setting of panel.settings) caption.append(this.#setting(panel, setting))
    return caption
  }

  #setting(panel, { option, choices, value }) {
    const label = html("label", "circles-setting", option)
    const select = html("select", "")
    select.append(...choices.map((choice) => new Option(withMinusSign(choice), choice, false, choice === value)))
    Object.assign(select.dataset, { setting: panel.id, option })
    select.setAttribute("aria-label", `${panel.title}: ${option}`)
    select.onchange = () => this.#report({ loss: panel.id, option, value: select.value })
    label.append(select)
    if (panel.learned[option]) label.append(html("output", "circles-learned"))
    return label
  }

  // The circle that the rail explains.
  #choose(id) {
    this.#chosen = id
    for (const figure of this.#root.querySelectorAll(".circles-panel")) {
      const isChosen = figure.dataset.panel === id
      figure.classList.toggle("circles-chosen", isChosen)
      figure.querySelector(".circles-name").setAttribute("aria-pressed", String(isChosen))
    }
    this.#root.dataset.chosen = id
    this.#tell()
  }

  #tell() {
    document.dispatchEvent(new CustomEvent(MOVED, { detail: { chosen: this.#chosen, frame: Math.round(this.#frame) } }))
  }

  #legend() {
    const legend = this.#find("legend")
    const named = this.#data.legend.filter(({ label, letter }) => label !== letter) // letters stand on the points
    const drawn = this.#hasCurves ? this.#curves() : []
    legend.replaceChildren(
      ...named.map(({ label, color, shape }) => {
        const item = html("span", "", label)
        const icon = svg("svg", { viewBox: "-16 -16 32 32", "aria-hidden": "true" })
        icon.append(svg("path", { d: shapeOf(shape, 10), fill: color }))
        item.prepend(icon)
        return item
      }),
      ...drawn.map(([name, label]) => html("span", `circles-key circles-key-${name}`, label)),
      html("span", "circles-reading", this.#data.words.reading),
    )
  }

  // What has a curve here: [name, label].
  #curves() {
    const { words } = this.#data
    const all = [
      ["matches", words.matches],
      ["nearest", words.nearest],
      ["losses", words.loss],
    ]
    return all.filter(([name]) => this.#panels.some((panel) => panel[name].some((value) => value !== null)))
  }

  // ---- playing ----

  #bar() {
    const { words } = this.#data
    const bar = this.#find("bar")
    bar.setAttribute("aria-label", words.bar)
    this.#button("reset", words.reset)
    this.#button("back", words.back)
    this.#button("forward", words.forward)
    this.#find("scrub input").max = this.#last
    this.#find("scrub input").setAttribute("aria-label", words.scrub)
    this.#find("speed span").textContent = words.speed
    this.#find("speed input").setAttribute("aria-label", words.speed)
    this.#playButton()
  }

  #button(name, label, icon = name) {
    const button = this.#root.querySelector(`[data-does="${name}"]`)
    if (button.title === label && button.firstChild) return
    const drawing = svg("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" })
    drawing.append(svg("path", { d: ICONS[icon] }))
    button.replaceChildren(drawing)
    button.setAttribute("aria-label", label)
    button.title = label
  }

  #playButton() {
    const { words } = this.#data
    this.#button("play", this.#playing ? words.pause : words.play, this.#playing ? "pause" : "play")
  }

  #listen() {
    const does = {
      reset: () => this.#go(0),
      back: () => this.#go(Math.ceil(this.#frame) - 1),
      forward: () => this.#go(Math.floor(this.#frame) + 1),
      play: () => (this.#playing ? this.#go(Math.round(this.#frame)) : this.#play(this.#frame >= this.#last)),
    }
    for (const [name, action] of Object.entries(does)) {
      this.#root.querySelector(`[data-does="${name}"]`).onclick = action
    }
    this.#find("scrub input").oninput = ({ target }) => {
      this.#playing = false
      this.#frame = Number(target.value)
      this.#playButton()
      this.#draw()
    }
  }

  #go(frame) {
    this.#playing = false
    this.#frame = clamp(frame, 0, this.#last)
    this.#playButton()
    this.#draw()
    this.#say()
  }

  #play(fromStart) {
    if (fromStart) this.#frame = 0
    if (this.#playing) return
    this.#playing = true
    this.#before = 0
    this.#playButton()
    requestAnimationFrame((now) => this.#tick(now))
  }

  #tick(now) {
    if (!this.#playing || !this.#root.isConnected) return
    const speed = Math.max(3, (Number(this.#find("speed input").value) * this.#last) / 60) // frames a second
    if (this.#before) this.#frame = clamp(this.#frame + ((now - this.#before) / 1000) * speed, 0, this.#last)
    this.#before = now
    if (this.#frame >= this.#last) return this.#go(this.#last)
    this.#draw()
    requestAnimationFrame((next) => this.#tick(next))
  }

  #draw() {
    const whole = Math.round(this.#frame)
    const frame = this.#calm ? whole : this.#frame
    for (const { panel, circle, curves, numbers } of this.#drawn) {
      circle.draw(frame)
      curves.draw(frame)
      this.#numbers(panel, numbers, whole)
      this.#learned(panel, whole)
      if (!this.#playing) circle.element.setAttribute("aria-label", this.#inWords(panel, whole))
    }
    this.#root.dataset.frame = whole
    this.#find("scrub input").value = whole
    this.#find("scrub span").textContent = filled(this.#data.words.step, { n: whole, most: this.#last })
    this.#tell()
  }

  // The telling number first, then the others.
  #numbers(panel, list, frame) {
    const { words } = this.#data
    const hundredths = (value) => (value === null ? "–" : inHundredths(value))
    const shown = [[panel.telling_in_words, hundredths(panel.telling[frame])]]
    if (!panel.verdict) shown.push([words.matches, hundredths(panel.matches[frame])])
    if (panel.losses.some((value) => value !== null)) shown.push([words.loss, lossInWords(panel.losses[frame])])
    if (list.childElementCount !== shown.length) {
      list.replaceChildren(
        ...shown.map(([label]) => {
          const group = html("div", "")
          group.append(html("dt", "", label), html("dd", ""))
          return group
        }),
      )
    }
    shown.forEach(([, value], index) => {
      const holder = list.children[index].lastElementChild
      if (holder.textContent !== value) holder.textContent = value
    })
  }

  // Where options that training learns are by now.
  #learned(panel, frame) {
    for (const select of this.#root.querySelectorAll(`select[data-setting="${panel.id}"]`)) {
      const values = panel.learned[select.dataset.option]
      if (values) select.nextElementSibling.textContent = `→ ${withMinusSign(values[frame].toFixed(1))}`
    }
  }

  #inWords(panel, frame) {
    const number = (value) => (value === null ? "–" : inHundredths(value))
    return filled(this.#data.words.circle, {
      title: [panel.verdict_in_words, panel.title, panel.setting].filter(Boolean).join(" · "),
      step: filled(this.#data.words.step, { n: frame, most: this.#last }),
      loss: lossInWords(panel.losses[frame]),
      telling: `${panel.telling_in_words} ${number(panel.telling[frame])}`,
    })
  }

  #say() {
    const frame = Math.round(this.#frame)
    this.#find("unseen").textContent = this.#panels.map((panel) => this.#inWords(panel, frame)).join(" ")
  }
}

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".circles")
  root.circles ??= new Circles(root)
  root.circles.show(data, (setting) => setTriggerValue("setting", setting))
}
