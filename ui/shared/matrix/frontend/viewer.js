// The matrix with zoom, hover, keys and a selected cell, inside the elements of view.html. It knows no Streamlit:
// the component and the stand-alone page both use it.
//
// The stage is an "application": arrow keys have to reach it, which screen readers keep for themselves over an image,
// and a grid would promise as many cells in the page as the matrix has. The cursor's cell goes to a live region.
import { DARK_INK, LIGHT_INK, inkOn } from "../../frontend/colors.js"
import { ARROWS } from "../../frontend/keys.js"
import { clamp } from "../../frontend/numbers.js"
import { cellAt, clampedView, drawAxes, fit, gutters, middleOf } from "./axes.js"
import { colorTable, onPageOf } from "./colors.js"
import { drawMatrix, numbersFit } from "./draw.js"
import { followPointers, followWheel } from "./gestures.js"
import { savePng } from "./png.js"
import { announce, showReading, showWords } from "./words.js"

const ZOOM_STEP = 1.5
const LARGEST_SIZE = 96
const SMALLEST_BOX = 9
const LEAST_HEIGHT = 160
const FEW = "matrix-few" // every cell shows its number: no tools to zoom, and what is read stands beside the scale

export class MatrixViewer {
  #root
  #stage
  #onSelect
  #content = null
  #table = null
  #look = null
  #gutter = null
  #fitting = 1 // pixels per cell when everything is seen
  #view = null // null shows everything
  #cursor = null
  #selected = null
  #painted = null
  #frame = 0
  #measured = ""

  // onSelect({ row, column }) is called when the user picks a cell.
  constructor(root, onSelect) {
    this.#root = root
    this.#stage = root.querySelector(".matrix-stage")
    this.#onSelect = onSelect
  }

  // content: { matrix, sentences, scale, words, alt, height, labels, small, selected, clicked, picture }, see
  // ui/shared/matrix/view.py.
  show(content) {
    const before = this.#content
    const scale = onPageOf(this.#root, content.scale)
    this.#content = { ...content, scale, paperScale: content.scale }
    if (before?.scale.table.join() !== scale.table.join()) this.#table = colorTable(scale.table)
    this.#keepOrForget(before)
    showWords(this.#root, this.#content)
    this.#root.classList.toggle("matrix-fills", !content.height)
    this.#root.classList.toggle("matrix-small", Boolean(content.small))
    this.#fitIn()
    this.#read()
    if (!before) this.#listen()
  }

  // Zoom and cells belong to the sentences. The selected cell is the one set last, by a click or by the page.
  #keepOrForget(before) {
    const { sentences, selected, clicked } = this.#content
    const cellOf = (pair) => (pair ? { row: pair[0], column: pair[1] } : null)
    if (!before || before.sentences !== sentences) {
      this.#view = this.#cursor = null
      this.#selected = cellOf(selected ?? clicked)
    } else if (String(before.selected) !== String(selected)) this.#selected = cellOf(selected)
  }

  // ---- where things are ----

  get #marked() {
    return this.#cursor ?? this.#selected
  }

  get #margins() {
    return { top: 1.8 * this.#look.textSize, bottom: 0.5 * this.#look.textSize }
  }

  get #scene() {
    const view = this.#view ?? { row: 0, column: 0, size: this.#fitting }
    const [matrix, table, look] = [this.#content.matrix, this.#table, this.#look]
    return { matrix, table, view, plot: this.#plotAt(view.size), look, ratio: devicePixelRatio }
  }

  #plotAt(size) {
    const { top, bottom } = this.#margins
    const left = size >= this.#look.labelsFrom ? this.#gutter.wide : this.#gutter.narrow
    const [width, height] = [this.#stage.clientWidth - left, this.#stage.clientHeight - top - bottom]
    return { start: 0, left, top, width: Math.max(1, width), height: Math.max(1, height) }
  }

  // A picture in a tab that is not open has no width; it is drawn when it gets one.
  #fitIn() {
    if (this.#stage.clientWidth > 0) {
      this.#measureLook()
      this.#root.classList.add(FEW)
      this.#measureMatrix()
      const context = this.#stage.querySelector("canvas").getContext("2d")
      if (!numbersFit(context, this.#content.matrix, this.#look, this.#fitting)) {
        this.#root.classList.remove(FEW)
        this.#measureMatrix()
      }
      this.#draw()
    }
    this.#measured = this.#room
  }

  // A picture that fills its place is drawn anew for another height too; any other one sets its height itself.
  get #room() {
    return `${this.#stage.clientWidth} ${this.#content.height ? "" : this.#stage.clientHeight}`
  }

  // The sizes of the figure's text on this screen; sentences stand at rows that are a little higher.
  #measureLook() {
    const style = getComputedStyle(this.#stage)
    const textSize = parseFloat(style.fontSize)
    const paper = style.getPropertyValue("--st-background-color").trim()
    const labels = this.#content.labels ?? true
    this.#look = { font: style.fontFamily, textSize, color: style.color, paper, labels, labelsFrom: 1.28 * textSize }
  }

  #measureMatrix() {
    const { matrix } = this.#content
    const height = this.#content.height ?? this.#stage.clientHeight
    const width = this.#stage.clientWidth
    const around = this.#margins.top + this.#margins.bottom
    const gutter = gutters(this.#stage.querySelector("canvas").getContext("2d"), matrix, width, this.#look)
    this.#look.labelsFrom = 1.28 * this.#look.textSize
    const { size, wide, labelsFrom } = fit(matrix, width, height - around, gutter, this.#look)
    this.#fitting = size
    this.#gutter = { ...gutter, wide }
    this.#look.labelsFrom = labelsFrom
    const needed = Math.ceil(around + Math.max(size * matrix.rows, Math.min(LEAST_HEIGHT, height)))
    this.#stage.style.height = this.#content.height ? `${needed}px` : ""
    this.#root.style.setProperty("--matrix-width", `${this.#plotAt(size).left + size * matrix.columns}px`)
    this.#setView(this.#view)
  }

  #setView(view) {
    const closer = view && view.size > this.#fitting * 1.001
    this.#view = closer ? clampedView(this.#content.matrix, view, this.#plotAt(view.size)) : null
  }

  // ---- drawing ----

  #cleared(canvas) {
    const [width, height] = [this.#stage.clientWidth, this.#stage.clientHeight]
    const [wide, high] = [Math.round(width * devicePixelRatio), Math.round(height * devicePixelRatio)]
    if (canvas.width !== wide) canvas.width = wide
    if (canvas.height !== high) canvas.height = high
    const context = canvas.getContext("2d")
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0)
    context.clearRect(0, 0, width, height)
    return context
  }

  #draw() {
    const scene = this.#scene
    this.#painted = drawMatrix(this.#cleared(this.#stage.children[0]), scene, this.#painted)
    this.#drawMarks()
    const disable = (does, off) => this.#button(does).setAttribute("aria-disabled", off)
    disable("out", !this.#view)
    disable("fit", !this.#view)
    disable("in", scene.view.size >= LARGEST_SIZE)
    this.#stage.style.touchAction = this.#view ? "none" : "pan-y" // nothing to move: one finger scrolls the page
    this.#root.dataset.painted = this.#content.matrix.digest
    this.#root.dataset.cellSize = scene.view.size.toFixed(2)
  }

  #drawSoon() {
    if (this.#frame) return
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0
      this.#draw()
    })
  }

  // Axes and frames are on a canvas of their own: they follow the pointer, the cells need not.
  #drawMarks() {
    const context = this.#cleared(this.#stage.children[1])
    const scene = this.#scene
    const { left, top, width, height } = scene.plot
    drawAxes(context, scene, this.#marked)
    context.save()
    context.beginPath()
    context.rect(left - 4, top - 4, width + 8, height + 8)
    context.clip()
    if (this.#selected) for (const cell of this.#pairOf(this.#selected)) this.#drawBox(context, scene, cell, 2.5)
    if (this.#cursor) this.#drawBox(context, scene, this.#cursor, 1.25)
    context.restore()
  }

  // A cell, and the one that says the same across the diagonal.
  #pairOf({ row, column }) {
    const { rowTexts, columnTexts } = this.#content.matrix
    return rowTexts === columnTexts && row !== column ? [{ row, column }, { row: column, column: row }] : [{ row, column }]
  }

  // A double frame, which shows on every colour and around cells too small to be seen: black inside white, and on dark
  // paper white inside black.
  #drawBox(context, { view, plot, look }, { row, column }, line) {
    const inks = inkOn(look.paper, 0.18) === DARK_INK ? [LIGHT_INK, DARK_INK] : [DARK_INK, LIGHT_INK]
    const side = Math.max(view.size, SMALLEST_BOX)
    const left = middleOf(plot.left, view.column, column, view.size) - side / 2
    const top = middleOf(plot.top, view.row, row, view.size) - side / 2
    for (const [index, width] of [2 * line, line].entries()) {
      context.strokeStyle = inks[index]
      context.lineWidth = width
      context.strokeRect(left, top, side, side)
    }
  }

  // ---- cells ----

  #read() {
    showReading(this.#root, this.#content.matrix, this.#marked)
  }

  #point(cell) {
    if (cell?.row === this.#cursor?.row && cell?.column === this.#cursor?.column) return
    this.#cursor = cell
    this.#drawMarks()
    this.#read()
  }

  #select(cell) {
    this.#selected = cell
    this.#drawMarks()
    this.#read()
    this.#onSelect(cell)
  }

  // The first key shows where the cursor is: at the selected cell, else in the middle of what is seen.
  #moveCursor([down, right], by) {
    const { matrix, view, plot } = this.#scene
    const middle = (first, span) => (this.#view ? Math.floor(first + span / view.size / 2) : 0)
    const start = { row: middle(view.row, plot.height), column: middle(view.column, plot.width) }
    const { row, column } = this.#marked ?? start
    const steps = this.#marked ? by : 0
    this.#cursor = {
      row: clamp(row + down * steps, 0, matrix.rows - 1),
      column: clamp(column + right * steps, 0, matrix.columns - 1),
    }
    this.#followCursor()
    this.#read()
    announce(this.#root, this.#content, this.#cursor)
    this.#drawSoon()
  }

  #followCursor() {
    if (!this.#view) return
    const { view, plot } = this.#scene
    const brought = (cell, first, span) => clamp(first, cell + 1 - span / view.size, cell)
    const row = brought(this.#cursor.row, view.row, plot.height)
    this.#setView({ size: view.size, row, column: brought(this.#cursor.column, view.column, plot.width) })
  }

  // ---- zoom ----

  // The cell under (x, y) stays there. Returns whether anything changed.
  #zoom(factor, x, y) {
    const { view, plot } = this.#scene
    const size = Math.min(view.size * factor, Math.max(LARGEST_SIZE, this.#fitting))
    if (!this.#view && size <= this.#fitting) return false
    const next = this.#plotAt(size)
    // The gutter may have become wider, for the sentences; what lay there comes out beside it.
    const [from, to] = [Math.max(x, plot.left), Math.max(x, next.left + size / 2)]
    this.#setView({
      size,
      row: view.row + (y - plot.top) / view.size - (y - next.top) / size,
      column: view.column + (from - plot.left) / view.size - (to - next.left) / size,
    })
    this.#drawSoon()
    return true
  }

  // Towards the cursor or the selected cell if it is seen, else towards the middle.
  #zoomByButton(factor) {
    const { view, plot } = this.#scene
    const towards = (start, span, first, cell) => {
      const pixel = cell === undefined ? -1 : middleOf(0, first, cell, view.size)
      return start + (pixel >= 0 && pixel <= span ? pixel : span / 2)
    }
    const x = towards(plot.left, plot.width, view.column, this.#marked?.column)
    this.#zoom(factor, x, towards(plot.top, plot.height, view.row, this.#marked?.row))
  }

  #drag(x, y) {
    if (!this.#view) return
    const { size, row, column } = this.#view
    this.#setView({ size, row: row - y / size, column: column - x / size })
    this.#drawSoon()
  }

  #showAll() {
    this.#view = null
    this.#drawSoon()
  }

  // ---- pointer, keys, buttons ----

  #button(does) {
    return this.#root.querySelector(`[data-does=${does}]`)
  }

  #pick(x, y, isMouse) {
    const cell = cellAt(this.#scene, x, y)
    if (!cell) return
    this.#cursor = isMouse ? cell : null
    this.#select(cell)
  }

  #keys = {
    "+": () => this.#zoomByButton(ZOOM_STEP),
    "=": () => this.#zoomByButton(ZOOM_STEP),
    "-": () => this.#zoomByButton(1 / ZOOM_STEP),
    0: () => this.#showAll(),
    Enter: () => this.#cursor && this.#select(this.#cursor),
    " ": () => this.#cursor && this.#select(this.#cursor),
  }

  #onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    if (event.key === "Escape") {
      this.#point(null)
      this.#stage.blur()
    } else if (event.key in this.#keys || event.key in ARROWS) {
      event.preventDefault()
      event.stopPropagation() // Streamlit has keys of its own
      if (event.key in this.#keys) this.#keys[event.key]()
      else this.#moveCursor(ARROWS[event.key], event.shiftKey ? 10 : 1)
    }
  }

  #listen() {
    const calls = {
      hover: (x, y) => this.#point(cellAt(this.#scene, x, y)),
      leave: () => this.#point(null),
      pick: (x, y, isMouse) => this.#pick(x, y, isMouse),
      drag: (x, y) => this.#drag(x, y),
      zoom: (factor, x, y) => this.#zoom(factor, x, y),
      showAll: () => this.#showAll(),
    }
    followPointers(this.#stage, calls)
    followWheel(this.#stage, calls)
    this.#stage.addEventListener("keydown", (event) => this.#onKey(event))
    this.#button("in").addEventListener("click", () => this.#zoomByButton(ZOOM_STEP))
    this.#button("out").addEventListener("click", () => this.#zoomByButton(1 / ZOOM_STEP))
    this.#button("fit").addEventListener("click", () => this.#showAll())
    this.#button("save").addEventListener("click", () => {
      const { matrix, paperScale, picture } = this.#content
      savePng(matrix, paperScale, picture)
    })
    new ResizeObserver(() => this.#room !== this.#measured && this.#fitIn()).observe(this.#stage)
  }
}
