// A map with what belongs to it, inside the elements of plot.html. It knows no Streamlit.
import { coordinate } from "./content.js"

export class MapView {
  #root
  #report
  #content = null

  constructor(root, report) {
    this.#root = root
    this.#report = report
    root.querySelector(".map-stage").addEventListener("click", (event) => this.#choose(event.offsetX, event.offsetY))
    new ResizeObserver(() => this.#draw()).observe(root)
  }

  show(content) {
    this.#content = content
    this.#root.querySelector(".map-stage").setAttribute("aria-label", content.alt)
    this.#draw()
  }

  #place(row) {
    const layout = this.#content.layouts[this.#content.place]
    const { clientWidth: width, clientHeight: height } = this.#root
    const scale = Math.min(width, height) - 40
    const [x, y] = [coordinate(layout, row, 0) - 0.5, 0.5 - coordinate(layout, row, 1)]
    return [width / 2 + x * scale, height / 2 + y * scale]
  }

  #draw() {
    if (!this.#content) return
    const canvas = this.#root.querySelector(".map-marks")
    canvas.width = this.#root.clientWidth
    canvas.height = this.#root.clientHeight
    const context = canvas.getContext("2d")
    const { color, codes, count, chosen } = this.#content
    const colors = color.entries.length ? color.entries.map((entry) => entry.color) : color.table
    for (let row = 0; row < count; row++) {
      const [x, y] = this.#place(row)
      context.fillStyle = colors[codes[row]]
      context.fillRect(x - 2, y - 2, 4, 4)
    }
    if (chosen) context.strokeRect(...this.#place(chosen.row).map((at) => at - 6), 12, 12)
    this.#root.dataset.painted = this.#content.content
  }

  #choose(x, y) {
    let [nearest, least] = [null, 15]
    for (let row = 0; row < this.#content.count; row++) {
      const [left, top] = this.#place(row)
      const distance = Math.hypot(left - x, top - y)
      if (distance < least) [nearest, least] = [row, distance]
    }
    this.#report({ chosen: nearest, selection: null, latest: "chosen" })
  }
}
