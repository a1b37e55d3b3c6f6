// The circles of all chosen losses, played together, and the matrices of one of them.
import { fromBase64 } from "../../shared/frontend/bytes.js"
import { html } from "../../shared/frontend/html.js"
import { clamp, twoDecimals, withMinusSign } from "../../shared/frontend/numbers.js"
import { svg } from "../../shared/frontend/svg.js"
import { filled } from "../../shared/frontend/words.js"
import { Circle, shapeOf, VIEW } from "./circle.js"
import { Matrices } from "./matrices.js"
import { StepCurves } from "./step_curves.js"

const ICONS = {
  reset: "M12 5V1.5L6.5 6.5 12 11.5V8a5.5 5.5 0 1 1-5.5 5.5H3.5A8.5 8.5 0 1 0 12 5z",
  back: "M17.5 5v14L8 12zM5 5h2v14H5z",
  play: "M7 4.5v15l12.5-7.5z",
  pause: "M6.5 5h4v14h-4zM13.5 5h4v14h-4z",
  forward: "M6.5 5v14L16 12zM17 5h2v14h-2z",
}
const GAP = 20 // pixels between two circles
const NUMBERS = ["angles", "views", "centers"]
const OF_MATRICES = ["cosines", "logits", "probabilities", "shares", "pushes"]

function floats(text) {
  if (!text) return null
  return new Float32Array(fromBase64(text).buffer)
}

function unpacked(panel) {
  const numbers = Object.fromEntries(NUMBERS.map((name) => [name, floats(panel[name])]))
  const matrices = panel.matrices && {
    ...panel.matrices,
    ...Object.fromEntries(OF_MATRICES.map((name) => [name, floats(panel.matrices[name])])),
  }
  return { ...panel, ...numbers, matrices }
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
  #matrices = null
  #chosen = null
  #frame = 0
  #playing = false
  #before = 0
  #shown = -1
  #width = 0
  #report

  constructor(root) {
    this.#root = root
    this.#width = root.clientWidth
    this.#listen()
    new ResizeObserver(() => this.#resize()).observe(root)
  }

  #resize() {
    if (!this.#data || Math.abs(this.#root.clientWidth - this.#width) < 8) return
    this.#width = this.#root.clientWidth
    this.#build()
    this.#draw()
  }

  get #last() {
    return this.#panels.length ? this.#panels[0].matches.length - 1 : 0
  }

  get #calm() {
    return matchMedia("(prefers-reduced-motion: reduce)").matches
  }

  // As many columns as there is room for, and no row much shorter than the others.
  get #columns() {
    const parts = this.#panels.length + (this.#data.story.length && !this.#data.projector ? 1 : 0)
    const least = this.#data.projector ? 360 : this.#data.compact ? 190 : 212
    const most = Math.max(1, Math.floor((this.#width + GAP) / (least + GAP)))
    return Math.ceil(parts / Math.ceil(parts / most))
  }

  #find(name) {
    return this.#root.querySelector(`.circles-${name}`)
  }

  // data: see ui/losses/view.py. report(targets) tells the page that the target has been edited.
  show(data, report) {
    this.#report = report
    const [before, same] = [this.#data, this.#data?.digest === data.digest]
    if (same && this.#data.look === data.look) return
    this.#data = data
    this.#root.classList.toggle("circles-large", data.projector)
    this.#width = this.#root.clientWidth
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
    const words = Object.fromEntries(Object.entries(panel).filter(([name]) => ![...NUMBERS, "matrices"].includes(name)))
    return words
  }

  // ---- what stands there ----

  #build() {
    const { words, points } = this.#data
    const row = this.#find("row")
    row.style.setProperty("--columns", this.#columns)
    const figures = this.#panels.map((panel) => {
      const figure = html("figure", "circles-panel")
      figure.append(this.#title(panel))
      return figure
    })
    row.replaceChildren(...this.#story(), ...figures)
    const width = figures[0]?.clientWidth || VIEW.width
    const bead = clamp(((this.#data.projector ? 20.5 : 11) * VIEW.width) / width, 13, 22) // readable names
    this.#drawn = this.#panels.map((panel, index) => {
      const circle = new Circle(panel, points, bead)
      const curves = new StepCurves(panel)
      const numbers = html("dl", "circles-numbers")
      figures[index].append(circle.element, numbers, curves.element)
      return { panel, circle, curves, numbers }
    })
    this.#legend()
    this.#bar()
    this.#tabs()
    this.#matrices = new Matrices(this.#find("matrices"), {
      words,
      stops: this.#data.stops,
      onEdit: (targets) => this.#report({ batch: this.#data.batch, targets, at: Date.now() }),
    })
    this.#choose(this.#chosen)
  }

  #story() {
    if (!this.#data.story.length) return []
    const section = html("section", "circles-story")
    for (const { heading, text } of this.#data.story) section.append(html("h2", "", heading), html("p", "", text))
    return [section]
  }

  #title(panel) {
    const caption = html("figcaption", "circles-title")
    if (panel.verdict) caption.append(html("span", `circles-verdict circles-${panel.verdict}`, panel.verdict_in_words))
    const name = html("strong", "", panel.title)
    name.style.setProperty("--own", panel.color)
    caption.append(name)
    if (panel.setting) caption.append(html("code", "", panel.setting))
    return caption
  }

  #legend() {
    const legend = this.#find("legend")
    legend.replaceChildren(
      ...this.#data.legend.map(({ label, color, shape }) => {
        const item = html("span", "", label)
        const icon = svg("svg", { viewBox: "-16 -16 32 32", "aria-hidden": "true" })
        icon.append(svg("path", { d: shapeOf(shape, 10), fill: color }))
        item.prepend(icon)
        return item
      }),
      ...this.#curves().map(([name, label]) => html("span", `circles-key circles-key-${name}`, label)),
    )
  }

  // What has numbers here: [name, label].
  #curves() {
    const { words } = this.#data
    const all = [
      ["losses", words.loss],
      ["matches", words.matches],
      ["mismatches", words.mismatches],
    ]
    return all.filter(([name]) => this.#panels.some((panel) => panel[name].some((value) => value !== null)))
  }

  #tabs() {
    const with_matrices = this.#panels.filter(({ matrices }) => matrices)
    this.#find("batch").hidden = !with_matrices.length
    const tabs = this.#find("tabs")
    tabs.setAttribute("aria-label", this.#data.words.batch)
    tabs.replaceChildren(
      html("span", "circles-tabs-label", this.#data.words.batch),
      ...with_matrices.map((panel) => {
        const tab = html("button", "circles-tab", panel.tab)
        tab.type = "button"
        tab.dataset.panel = panel.id
        tab.style.setProperty("--own", panel.color)
        tab.onclick = () => this.#choose(panel.id)
        return tab
      }),
    )
  }

  #choose(id) {
    const panel = this.#panels.find((each) => each.id === id && each.matrices) ?? this.#panels.find((each) => each.matrices)
    if (!panel) return
    this.#chosen = panel.id
    for (const tab of this.#find("tabs").querySelectorAll("button")) {
      tab.setAttribute("aria-pressed", String(tab.dataset.panel === panel.id))
    }
    this.#matrices.show(panel.matrices)
    this.#matrices.draw(Math.round(this.#frame))
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
      if (!this.#playing) circle.element.setAttribute("aria-label", this.#inWords(panel, whole))
    }
    this.#root.dataset.frame = whole
    this.#find("scrub input").value = whole
    this.#find("scrub span").textContent = filled(this.#data.words.step, { n: whole, most: this.#last })
    if (this.#shown !== whole || !this.#playing) this.#matrices?.draw(whole)
    this.#shown = whole
  }

  #numbers(panel, list, frame) {
    const say = (name, value) => (value === null ? "–" : name === "losses" ? lossInWords(value) : inHundredths(value))
    const shown = this.#curves().map(([name, label]) => [label, say(name, panel[name][frame])])
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

  #inWords(panel, frame) {
    const number = (value) => (value === null ? "–" : inHundredths(value))
    return filled(this.#data.words.circle, {
      title: [panel.verdict_in_words, panel.title, panel.setting].filter(Boolean).join(" · "),
      step: filled(this.#data.words.step, { n: frame, most: this.#last }),
      loss: lossInWords(panel.losses[frame]),
      matches: number(panel.matches[frame]),
      mismatches: number(panel.mismatches[frame]),
    })
  }

  #say() {
    const frame = Math.round(this.#frame)
    this.#find("unseen").textContent = this.#panels.map((panel) => this.#inWords(panel, frame)).join(" ")
  }
}

export default function ({ parentElement, data, setStateValue }) {
  const root = parentElement.querySelector(".circles")
  root.circles ??= new Circles(root)
  root.circles.show(data, (edit) => setStateValue("targets", edit))
}
