// The matrix with zoom, hover, keys and a chosen cell, inside the elements of matrix_view.html. It knows no Streamlit:
// the component and the stand-alone page both use it.
//
// The stage is an "application": arrow keys have to reach it, which screen readers keep for themselves over an image,
// and a grid would promise as many cells in the page as the matrix has. The cursor's cell goes to a live region.

const ZOOM_STEP = 1.5
const LARGEST_SIZE = 96
const SMALLEST_BOX = 9
const LEAST_HEIGHT = 160
const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }

// onChoose({ row, column }) is called when the user picks a cell. Returns show(content); content is
// { matrix, sentences, scale, words, alt, height, chosen, clicked, picture } as matrix_view.py makes it.
function createViewer(root, onChoose) {
  const find = (selector) => root.querySelector(selector)
  const stage = find(".matrix-stage")
  const [cells, marks] = stage.querySelectorAll("canvas")
  const button = (does) => find(`[data-does=${does}]`)
  let content = null
  let table = null
  let look = null
  let gutter = null
  let fitting = 1 // pixels per cell when everything is seen
  let view = null // null shows everything
  let cursor = null
  let chosen = null
  let painted = null
  let frame = 0
  let measuredWidth = 0

  // ---- where things are ----

  const margins = () => ({ top: 1.8 * look.textSize, bottom: 0.5 * look.textSize })

  function plotAt(size) {
    const { top, bottom } = margins()
    const left = size >= look.labelsFrom ? gutter.wide : gutter.narrow
    const [width, height] = [stage.clientWidth - left, stage.clientHeight - top - bottom]
    return { start: 0, left, top, width: Math.max(1, width), height: Math.max(1, height) }
  }

  function scene() {
    const now = view ?? { row: 0, column: 0, size: fitting }
    return { matrix: content.matrix, table, view: now, plot: plotAt(now.size), look, ratio: devicePixelRatio }
  }

  // Sentences stand at rows of 16 pixels, numbers in cells of 34, and more where the page's text is larger.
  function measureLook() {
    const style = getComputedStyle(root)
    const textSize = 0.78 * parseFloat(style.fontSize)
    const paper = style.getPropertyValue("--st-background-color")
    const [labelsFrom, numbersFrom] = [1.28 * textSize, 2.72 * textSize]
    look = { font: style.fontFamily, textSize, color: style.color, paper, labelsFrom, numbersFrom }
  }

  function measure() {
    const { matrix, height } = content
    measureLook()
    const around = margins().top + margins().bottom
    gutter = gutters(cells.getContext("2d"), matrix, stage.clientWidth, look)
    const fitted = fit(matrix, stage.clientWidth, height - around, gutter, look)
    fitting = fitted.size
    gutter.wide = fitted.wide
    look.labelsFrom = fitted.labelsFrom
    stage.style.height = `${Math.ceil(around + Math.max(fitting * matrix.rows, Math.min(LEAST_HEIGHT, height)))}px`
    root.style.setProperty("--matrix-width", `${plotAt(fitting).left + fitting * matrix.columns}px`)
    if (view) setView(view)
  }

  function setView(next) {
    view = next && next.size > fitting * 1.001 ? clampedView(content.matrix, next, plotAt(next.size)) : null
  }

  // ---- drawing ----

  function cleared(canvas) {
    const [width, height] = [stage.clientWidth, stage.clientHeight].map((side) => Math.round(side * devicePixelRatio))
    if (canvas.width !== width) canvas.width = width
    if (canvas.height !== height) canvas.height = height
    const context = canvas.getContext("2d")
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0)
    context.clearRect(0, 0, stage.clientWidth, stage.clientHeight)
    return context
  }

  function draw() {
    painted = drawMatrix(cleared(cells), scene(), painted)
    drawMarks()
    for (const does of ["out", "fit"]) button(does).setAttribute("aria-disabled", !view)
    button("in").setAttribute("aria-disabled", scene().view.size >= LARGEST_SIZE)
    stage.style.touchAction = view ? "none" : "pan-y" // one finger scrolls the page while there is nothing to move
    root.dataset.painted = content.matrix.digest
    root.dataset.cellSize = scene().view.size.toFixed(2)
  }

  function drawSoon() {
    frame ||= requestAnimationFrame(() => {
      frame = 0
      draw()
    })
  }

  // Axes and frames are on a canvas of their own: they follow the pointer, the cells need not.
  function drawMarks() {
    const context = cleared(marks)
    const now = scene()
    drawAxes(context, now, cursor ?? chosen)
    context.save()
    context.beginPath()
    context.rect(now.plot.left - 4, now.plot.top - 4, now.plot.width + 8, now.plot.height + 8)
    context.clip()
    if (chosen) drawBox(context, now, chosen, 3)
    if (cursor) drawBox(context, now, cursor, 1.5)
    context.restore()
  }

  // A frame that shows on every colour, and around cells too small to be seen.
  function drawBox(context, { view: { size, ...first }, plot }, { row, column }, line) {
    const side = Math.max(size, SMALLEST_BOX)
    const left = middleOf(plot.left, first.column, column, size) - side / 2
    const top = middleOf(plot.top, first.row, row, size) - side / 2
    for (const [color, width] of [[LIGHT_INK, line + 2], [DARK_INK, line]]) {
      context.strokeStyle = color
      context.lineWidth = width
      context.strokeRect(left, top, side, side)
    }
  }

  // ---- words ----

  // Sentences come from users: they are only ever set as text.
  function read() {
    const { matrix } = content
    const at = cursor ?? chosen
    find(".matrix-hint").hidden = Boolean(at)
    find(".matrix-value").hidden = find(".matrix-pair").hidden = !at
    if (!at) return
    find(".matrix-value").textContent = `${matrix.hundredths ? "" : "≈ "}${numberAt(matrix, at)}`
    const [row, column] = root.querySelectorAll(".matrix-pair p")
    for (const [line, number, text] of [
      [row, at.row, matrix.rowTexts[at.row]],
      [column, at.column, matrix.columnTexts[at.column]],
    ]) {
      line.firstElementChild.textContent = String(number + 1)
      line.lastElementChild.textContent = text
    }
  }

  function announce() {
    const { matrix, words } = content
    const parts = {
      row: String(cursor.row + 1),
      column: String(cursor.column + 1),
      value: numberAt(matrix, cursor),
      first: matrix.rowTexts[cursor.row],
      second: matrix.columnTexts[cursor.column],
    }
    // In one pass, so that a sentence with {value} in it stays as it is.
    find(".matrix-live").textContent = words.cell.replace(/\{(\w+)\}/g, (whole, name) => parts[name] ?? whole)
  }

  function point(at) {
    if (at?.row === cursor?.row && at?.column === cursor?.column) return
    cursor = at
    drawMarks()
    read()
  }

  function choose(at) {
    chosen = at
    drawMarks()
    read()
    onChoose(at)
  }

  // ---- zoom ----

  // The cell under (x, y) stays there. Returns whether anything changed.
  function zoom(factor, x, y) {
    const before = scene()
    const size = Math.min(before.view.size * factor, Math.max(LARGEST_SIZE, fitting))
    if (!view && size <= fitting) return false
    const plot = plotAt(size)
    // The gutter may have become wider, for the sentences; what lay there comes out beside it.
    const [from, to] = [Math.max(x, before.plot.left), Math.max(x, plot.left + size / 2)]
    setView({
      size,
      row: before.view.row + (y - before.plot.top) / before.view.size - (y - plot.top) / size,
      column: before.view.column + (from - before.plot.left) / before.view.size - (to - plot.left) / size,
    })
    drawSoon()
    return true
  }

  // Towards the cursor or the chosen cell if it is seen, else towards the middle.
  function zoomByButton(factor) {
    const { view: now, plot } = scene()
    const at = cursor ?? chosen
    const towards = (start, span, first, cell) => {
      const place = cell === undefined ? -1 : middleOf(0, first, cell, now.size)
      return start + (place >= 0 && place <= span ? place : span / 2)
    }
    const x = towards(plot.left, plot.width, now.column, at?.column)
    zoom(factor, x, towards(plot.top, plot.height, now.row, at?.row))
  }

  function drag(x, y) {
    if (!view) return
    setView({ size: view.size, row: view.row - y / view.size, column: view.column - x / view.size })
    drawSoon()
  }

  function showAll() {
    view = null
    drawSoon()
  }

  // ---- pointer, keys, buttons ----

  const calls = {
    hover: (x, y) => point(cellAt(scene(), x, y)),
    leave: () => point(null),
    pick: (x, y, isMouse) => {
      const at = cellAt(scene(), x, y)
      if (!at) return
      cursor = isMouse ? at : null
      choose(at)
    },
    drag,
    zoom,
    showAll,
  }

  // The first key shows where the cursor is; it starts from the chosen cell, else in the middle of what is seen.
  function moveCursor([down, right], by) {
    const { matrix, view: now, plot } = scene()
    const middle = (first, span) => (view ? Math.floor(first + span / now.size / 2) : 0)
    const from = cursor ?? chosen ?? { row: middle(now.row, plot.height), column: middle(now.column, plot.width) }
    const steps = cursor ?? chosen ? by : 0
    cursor = {
      row: clamp(from.row + down * steps, 0, matrix.rows - 1),
      column: clamp(from.column + right * steps, 0, matrix.columns - 1),
    }
    bringCursorIntoView(now, plot)
    read()
    announce()
    drawSoon()
  }

  function bringCursorIntoView(now, plot) {
    const brought = (cell, first, span) => clamp(first, cell + 1 - span / now.size, cell)
    const row = brought(cursor.row, now.row, plot.height)
    if (view) setView({ size: now.size, row, column: brought(cursor.column, now.column, plot.width) })
  }

  const keys = {
    "+": () => zoomByButton(ZOOM_STEP),
    "=": () => zoomByButton(ZOOM_STEP),
    "-": () => zoomByButton(1 / ZOOM_STEP),
    0: showAll,
    Enter: () => cursor && choose(cursor),
    " ": () => cursor && choose(cursor),
  }

  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    if (event.key === "Escape") {
      point(null)
      stage.blur()
    } else if (event.key in keys || event.key in ARROWS) {
      event.preventDefault()
      event.stopPropagation() // Streamlit has keys of its own
      if (event.key in keys) keys[event.key]()
      else moveCursor(ARROWS[event.key], event.shiftKey ? 10 : 1)
    }
  }

  function listen() {
    followPointers(stage, calls)
    followWheel(stage, calls)
    stage.addEventListener("keydown", onKey)
    button("in").addEventListener("click", () => zoomByButton(ZOOM_STEP))
    button("out").addEventListener("click", () => zoomByButton(1 / ZOOM_STEP))
    button("fit").addEventListener("click", showAll)
    button("save").addEventListener("click", () => savePng(content.matrix, content.scale, content.picture))
    new ResizeObserver(() => stage.clientWidth !== measuredWidth && fitIn()).observe(stage)
  }

  // A picture in a tab that is not open has no width; it is drawn when it gets one.
  function fitIn() {
    measuredWidth = stage.clientWidth
    if (measuredWidth === 0) return
    measure()
    draw()
  }

  // ---- content ----

  function label({ words, alt, scale, picture }) {
    const help = find(".matrix-help")
    help.id ||= `matrix-help-${crypto.getRandomValues(new Uint32Array(1))[0]}`
    help.textContent = words.help
    stage.setAttribute("aria-describedby", help.id)
    stage.setAttribute("aria-label", alt)
    find(".matrix-hint").textContent = words.hint
    for (const [does, word] of [["in", words.zoom_in], ["out", words.zoom_out]]) {
      button(does).setAttribute("aria-label", word)
      button(does).title = word
    }
    button("fit").textContent = words.fit
    button("save").textContent = picture?.label ?? ""
    button("save").hidden = !picture?.label
    find(".matrix-bar").style.background = `linear-gradient(to right, ${scaleColors(scale).join(", ")})`
    find(".matrix-ticks").replaceChildren(...scale.ticks.map(tick))
  }

  function tick({ at, text }) {
    const node = document.createElement("span")
    node.style.left = `${100 * at}%`
    node.textContent = text
    return node
  }

  const cellOf = (pair) => (pair ? { row: pair[0], column: pair[1] } : null)

  // Zoom and cells belong to the sentences. The chosen cell is the one named last, by a click or by the page.
  function keepOrForget(before, next) {
    if (!before || before.sentences !== next.sentences) {
      view = cursor = null
      chosen = cellOf(next.chosen ?? next.clicked)
    } else if (String(before.chosen) !== String(next.chosen)) chosen = cellOf(next.chosen)
  }

  return function show(next) {
    const before = content
    content = next
    if (before?.scale.table.join() !== next.scale.table.join()) table = colorTable(next.scale.table)
    keepOrForget(before, next)
    label(next)
    fitIn()
    read()
    if (!before) listen()
  }
}
