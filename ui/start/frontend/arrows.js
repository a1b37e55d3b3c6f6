// Two sentences as arrows of length 1 from one point, at the angle of their vectors. The foot of the second arrow on the
// line of the first is the cosine.
import { inkOn } from "../../shared/frontend/colors.js"
import { html } from "../../shared/frontend/html.js"
import { clamp, twoDecimals } from "../../shared/frontend/numbers.js"
import { svg } from "../../shared/frontend/svg.js"
import { filled } from "../../shared/frontend/words.js"
import { angleOf, colorOf, inDegrees, inWords, onShow, onTheme } from "./pair.js"

const TURN_MS = 160
const DARK_INK_FROM = 0.18
const NARROW = Math.PI / 11 // below it the angle's number stands beside the angle and not in it

class Arrows {
  #root
  #list
  #room
  #data
  #pair
  #angle = null // as it is drawn; it may be on its way
  #frame = 0

  constructor(root) {
    this.#root = root
    this.#list = root.querySelector(".start-arrows-pair")
    this.#room = root.querySelector(".start-arrows-room")
    onShow(root, (pair) => this.#turnTo(pair ?? this.#data.pair))
    onTheme(() => this.#draw())
    new ResizeObserver(() => this.#draw()).observe(this.#room)
  }

  show(data) {
    const isEdited = !this.#data || String(this.#pair) === String(this.#data.pair)
    this.#data = data
    this.#root.classList.toggle("start-arrows-large", data.projector)
    this.#turnTo(isEdited ? data.pair : this.#pair)
  }

  #turnTo(pair) {
    this.#pair = pair
    this.#list.replaceChildren(...pair.map((row, index) => this.#line(row, index)))
    const [from, to] = [this.#angle, angleOf(this.#cosine())]
    cancelAnimationFrame(this.#frame)
    if (from === null || matchMedia("(prefers-reduced-motion: reduce)").matches) {
      this.#angle = to
      this.#draw()
      return
    }
    const started = performance.now()
    const step = (now) => {
      const share = clamp((now - started) / TURN_MS, 0, 1)
      this.#angle = from + share * (2 - share) * (to - from)
      this.#draw()
      if (share < 1) this.#frame = requestAnimationFrame(step)
    }
    step(started)
  }

  #cosine() {
    const [first, second] = this.#pair
    return this.#data.cosines[first][second]
  }

  #line(row, index) {
    const item = html("li")
    const number = html("span", "start-arrows-number", String(row + 1))
    const color = this.#data.arrows[index]
    number.style.cssText = `background: ${color}; color: ${inkOn(color, DARK_INK_FROM)}`
    item.append(number, html("span", "", this.#data.texts[row]))
    return item
  }

  #draw() {
    const [width, height] = [this.#room.clientWidth, this.#room.clientHeight]
    if (!this.#data || this.#angle === null || !width || !height) return
    const letter = parseFloat(getComputedStyle(this.#room).fontSize)
    const [beside, above, below] = [4.2 * letter, 2.6 * letter, 4 * letter]
    const radius = Math.max(40, Math.min(width / 2 - beside, height - above - below))
    const top = Math.max(0, (height - radius - above - below) / 2) + above + radius
    const picture = svg("svg", { role: "img", width, height, "aria-label": inWords(this.#data.words.alt, this.#data, this.#pair) })
    const drawing = svg("g", { transform: `translate(${width / 2} ${top})` })
    drawing.append(...this.#scale(radius, letter), ...this.#projection(radius, letter), ...this.#angles(radius, letter))
    drawing.append(this.#arrow(0, 0, radius, letter), this.#arrow(1, this.#angle, radius, letter))
    picture.append(drawing)
    this.#room.replaceChildren(picture)
    keepInside(picture.querySelector(".start-unrelated-name"), width / 2, letter)
  }

  // Half a circle over the line from -1 to 1, and where unrelated sentences stand.
  #scale(radius, letter) {
    const unrelated = angleOf(this.#data.unrelated)
    const [inner, outer] = [radius + 0.4 * letter, radius + 1.1 * letter]
    const [x, y] = onRim(unrelated, radius + 1.5 * letter)
    const name = filled(this.#data.words.unrelated, { angle: inDegrees(unrelated, 0) })
    const anchor = Math.abs(x) < 3 * letter ? "middle" : x > 0 ? "start" : "end"
    return [
      svg("path", { class: "start-rim", d: `M${-radius},0A${radius},${radius} 0 0 1 ${radius},0` }),
      line("start-axis", [-radius, 0], [radius, 0]),
      line("start-unrelated", onRim(unrelated, inner), onRim(unrelated, outer)),
      svg("text", { class: "start-quiet start-unrelated-name", x, y: y - 0.1 * letter, "text-anchor": anchor }, name),
      ...[-1, 0, 1].flatMap((tick) => [
        line("start-axis", [tick * radius, 0], [tick * radius, 1.1 * letter]),
        svg("text", { class: "start-quiet", x: tick * radius, y: 2.1 * letter, "text-anchor": "middle" }, String(tick).replace("-", "−")),
      ]),
    ]
  }

  // From the tip of the second arrow down to the line of the first.
  #projection(radius, letter) {
    const cosine = Math.cos(this.#angle)
    const [x, y] = onRim(this.#angle, radius)
    const bar = { class: "start-bar", x: Math.min(0, x), y: 0.25 * letter, width: Math.abs(x), height: 0.6 * letter }
    const edge = radius + letter
    const name = filled(this.#data.words.cosine, { cosine: twoDecimals(cosine).replace("-", "−") })
    return [
      line("start-drop", [x, y], [x, 0.85 * letter]),
      svg("rect", { ...bar, fill: colorOf(this.#data.colors, cosine) }),
      svg("text", { class: "start-number", x: clamp(x, -edge, edge), y: 3.5 * letter, "text-anchor": "middle" }, name),
    ]
  }

  #angles(radius, letter) {
    const [small, [x, y]] = [0.3 * radius, onRim(this.#angle, 0.3 * radius)]
    const isNarrow = this.#angle < NARROW
    const middle = isNarrow ? this.#angle + 0.09 : this.#angle / 2
    const [textX, textY] = onRim(middle, isNarrow ? 0.62 * radius : small + 1.9 * letter)
    return [
      svg("path", {
        class: "start-wedge",
        d: `M0,0L${small},0A${small},${small} 0 0 0 ${x.toFixed(2)},${y.toFixed(2)}Z`,
        fill: colorOf(this.#data.colors, Math.cos(this.#angle)),
      }),
      svg(
        "text",
        { class: "start-number", x: textX, y: textY + 0.35 * letter, "text-anchor": isNarrow ? "end" : "middle" },
        `${inDegrees(this.#angle)}°`,
      ),
    ]
  }

  #arrow(index, angle, radius, letter) {
    const color = this.#data.arrows[index]
    const [head, bead] = [0.8 * letter, 0.85 * letter]
    const group = svg("g", { class: "start-arrow", style: `--own: ${color}` })
    const turned = svg("g", { transform: `rotate(${(-180 * angle) / Math.PI})` })
    turned.append(
      line("start-shaft", [0, 0], [radius - head, 0]),
      svg("path", { d: `M${radius},0l${-head * 1.3},${-head * 0.6}v${head * 1.2}Z` }),
    )
    const [x, y] = onRim(angle, radius + 1.2 * bead)
    group.append(
      turned,
      svg("circle", { cx: x, cy: y, r: bead }),
      svg("text", { x, y: y + 0.35 * letter, "text-anchor": "middle", style: `fill: ${inkOn(color, DARK_INK_FROM)}` }, String(this.#pair[index] + 1)),
    )
    return group
  }
}

const onRim = (angle, radius) => [radius * Math.cos(angle), -radius * Math.sin(angle)]

// A text that would stand out of the picture is moved back into it, above what it names.
function keepInside(text, edge, letter) {
  const box = text.getBBox()
  if (box.x >= -edge && box.x + box.width <= edge) return
  text.setAttribute("text-anchor", box.x < -edge ? "start" : "end")
  text.setAttribute("x", box.x < -edge ? -edge : edge)
  text.setAttribute("y", Number(text.getAttribute("y")) - letter)
}

function line(name, [x1, y1], [x2, y2]) {
  return svg("line", { class: name, x1, y1, x2, y2 })
}

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector(".start-arrows")
  root.arrows ??= new Arrows(root)
  root.arrows.show(data)
}
