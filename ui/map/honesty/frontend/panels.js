// Small maps of the same texts beside each other. Whatever is looked at in one is marked in all, with its true neighbours.
//
// data: see ui/map/honesty/panels.py.
import { html } from "../../../shared/frontend/html.js"
import { mark } from "./marks.js"
import { SmallMap } from "./small_map.js"

const NONE = "#999999" // of texts without a class, or of one of the smaller ones

export default function ({ parentElement, data, setStateValue, setTriggerValue }) {
  const root = parentElement.querySelector(".panels")
  const panels = root.panels ?? (root.panels = new Panels(root))
  panels.show(data, setStateValue, setTriggerValue)
}

class Panels {
  #root
  #maps = []
  #active = null
  #chosen = null
  #about = ""

  constructor(root) {
    this.#root = root
    new ResizeObserver(() => this.#draw()).observe(root)
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#draw())
  }

  show(data, setStateValue, setTriggerValue) {
    const { classList, style } = this.#root
    classList.toggle("panels-large", data.projector)
    style.setProperty("--columns", data.columns)
    this.#root.setAttribute("aria-label", data.label)
    this.data = data
    this.choose = (row) => {
      this.#chosen = this.#chosen === row ? null : row
      setStateValue("chosen", { about: data.about, row: this.#chosen })
      this.#draw()
    }
    this.pick = (index) => setTriggerValue("picked", { about: data.about, index })
    if (this.#about !== data.about) this.#active = null
    this.#about = data.about
    this.#chosen = data.chosen
    this.#build()
    this.#draw()
  }

  // Elements stay while the number of panels stays, so that the keyboard's place is kept.
  #build() {
    const grid = this.#root.querySelector(".panels-grid")
    const sections = [...grid.querySelectorAll(".panels-panel")]
    for (const surplus of sections.splice(this.data.panels.length)) surplus.remove()
    this.#maps.length = Math.min(this.#maps.length, this.data.panels.length)
    this.data.panels.forEach((panel, index) => {
      if (!sections[index]) sections.push(grid.appendChild(html("section", "panels-panel")))
      this.#fill(sections[index], panel, index)
    })
    this.#heads(grid, sections)
    this.#root.toggleAttribute("data-painted", this.data.panels.every(({ points }) => points))
  }

  // What the columns and the rows have in common, around the panels; on a phone each panel says it itself.
  #heads(grid, sections) {
    for (const head of grid.querySelectorAll(".panels-across, .panels-down")) head.remove()
    const { across, down } = this.data
    grid.toggleAttribute("data-heads", across.length > 0)
    this.#root.style.setProperty("--rows", down.length)
    if (!across.length) return
    grid.prepend(html("p", "panels-across"), ...across.map((text) => html("p", "panels-across", text)))
    down.forEach((text, row) => sections[row * across.length].before(html("p", "panels-down", text)))
  }

  #fill(section, panel, index) {
    section.toggleAttribute("data-current", panel.current)
    const isFocused = section.querySelector(".panels-title") === document.activeElement && document.activeElement
    const head = html("div", "panels-head")
    const title = html(panel.action ? "button" : "p", "panels-title")
    title.append(html("span", "panels-whole", panel.title), html("span", "panels-short", panel.short))
    if (panel.action) {
      title.type = "button"
      title.title = panel.action
      title.setAttribute("aria-label", `${panel.title}: ${panel.action}`)
      title.setAttribute("aria-pressed", String(Boolean(panel.current)))
      title.onclick = () => this.pick(index)
    }
    head.append(title, html("span", "panels-note", panel.note))
    section.querySelector(".panels-head")?.remove()
    section.prepend(head)
    if (isFocused) title.focus({ preventScroll: true })
    const box = section.querySelector(".panels-map") ?? section.appendChild(html("div", "panels-map"))
    box.querySelector(".panels-waiting")?.remove()
    if (!panel.points) {
      box.querySelector("canvas")?.remove()
      this.#maps[index] = null
      box.append(html("p", "panels-waiting", panel.waiting))
      return
    }
    const canvas = box.querySelector("canvas") ?? box.appendChild(html("canvas"))
    canvas.tabIndex = 0
    canvas.setAttribute("role", "img")
    canvas.setAttribute("aria-label", `${panel.title}. ${panel.note}. ${this.data.help}`)
    this.#maps[index] ??= new SmallMap(canvas, {
      look: (row) => this.#look(index, row),
      choose: (row) => this.data.panels[index].linked && this.choose(row),
    })
  }

  #look(index, row) {
    if (row === this.#active?.row && index === this.#active?.index) return
    this.#active = row === null ? null : { index, row }
    this.#draw()
  }

  #draw() {
    if (!this.data) return
    const style = getComputedStyle(this.#root)
    const read = (name) => style.getPropertyValue(name).trim()
    const { colors, shapes, near } = this.data
    const look = {
      colors,
      shapes,
      ink: read("--st-text-color"),
      accent: read("--st-primary-color"),
      none: NONE,
      scale: this.data.projector ? 1.6 : 1,
    }
    this.#maps.forEach((map, index) => {
      if (!map) return
      const panel = this.data.panels[index]
      map.show({ ...panel, side: this.data.side, classes: panel.linked ? this.data.classes : null }, { ...look, plain: panel.linked ? null : look.ink, near: panel.linked ? near : null })
      const isHere = this.#active && (this.#active.index === index || (panel.linked && this.data.panels[this.#active.index].linked))
      map.draw(panel.linked ? this.#chosen : null, isHere ? this.#active.row : null)
    })
    this.#root.querySelector(".panels-reading").textContent = this.#reading()
    this.#legend()
  }

  #legend() {
    const { names, others, colors, shapes } = this.data
    const entries = names.map((name, kind) => this.#entry(name, shapes[kind], colors[kind]))
    if (others) entries.push(this.#entry(others, 0, NONE))
    this.#root.querySelector(".panels-legend").replaceChildren(...entries)
  }

  #entry(name, shape, color) {
    const entry = html("li", "", name)
    const sign = html("canvas")
    const side = this.data.projector ? 20 : 13
    const ratio = window.devicePixelRatio || 1
    sign.width = sign.height = side * ratio
    sign.style.width = sign.style.height = `${side}px`
    const context = sign.getContext("2d")
    context.scale(ratio, ratio)
    mark(context, side / 2, side / 2, side * 0.36, shape, color, false)
    entry.prepend(sign)
    return entry
  }

  #reading() {
    const row = this.#active?.row ?? this.#chosen
    if (row === null || row === undefined) return this.data.help
    if (this.#active && !this.data.panels[this.#active.index].linked) return this.data.unlinked
    const name = this.data.names[this.data.classes?.[row]]
    return name ? `${this.data.texts[row]} (${name})` : this.data.texts[row]
  }
}
