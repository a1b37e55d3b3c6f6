// A matrix of cosines as a picture: functions of their arguments only. The component, the saved picture and the
// stand-alone page share them; Python puts this file in front of their own.
//
// matrix: { rows, columns, cells, hundredths, rowTexts, columnTexts }; cells is a Uint8Array, row by row, one byte a
//         cell: 0 .. 254 stands for -1 .. 1, 255 for no number. hundredths is an Int8Array with the cosines rounded to
//         two digits, or null when the matrix is too large for them; they are then known from the byte, about.
// view:   { row, column, size }: the cell at the upper left corner of the plot (may be a fraction), pixels per cell.
// plot:   { start, left, top, width, height }: where the cells are on the canvas, in CSS pixels; the sentences have the
//         room from start to left.
// look:   { font, textSize, color, paper, labelsFrom, numbersFrom }: from how many pixels per cell sentences and numbers show.
// scene:  { matrix, table, view, plot, look, ratio }; ratio is device pixels per CSS pixel.

const NO_NUMBER = 255
const DARK_INK = "#131119"
const LIGHT_INK = "#FFFFFF"
const GAPS_FROM = 9
const LARGEST_STEP = 16 // the sums of 16 x 16 cells just fit into the 16 bits of colorTable

const clamp = (value, low, high) => Math.max(low, Math.min(high, value))

// header: { rows, columns }, the sentences; columns is null when they are the same. numbers: cells, then hundredths.
function matrixOf(header, numbers, digest) {
  const [rowTexts, columnTexts] = [header.rows, header.columns ?? header.rows]
  const [rows, columns] = [rowTexts.length, columnTexts.length]
  const count = rows * columns
  const hundredths = numbers.length > count ? new Int8Array(numbers.slice(count).buffer) : null
  return { rows, columns, cells: numbers.subarray(0, count), hundredths, rowTexts, columnTexts, digest }
}

function byteAt(matrix, { row, column }) {
  return matrix.cells[row * matrix.columns + column]
}

// The cosine of a cell with two digits.
function numberAt(matrix, { row, column }) {
  const at = row * matrix.columns + column
  if (matrix.cells[at] === NO_NUMBER) return "–"
  const cosine = matrix.hundredths ? matrix.hundredths[at] / 100 : matrix.cells[at] / 127 - 1
  return cosine.toFixed(2).replace("-0.00", "0.00")
}

// 256 colours ("#rrggbb"), in the forms that painting needs. Red and blue share a number: one addition serves both.
function colorTable(colors) {
  const table = { rgba: new Uint32Array(256), redBlue: new Uint32Array(256), green: new Uint32Array(256), ink: [] }
  colors.forEach((color, byte) => {
    const value = parseInt(color.slice(1), 16)
    const [red, green, blue] = [value >> 16, (value >> 8) & 255, value & 255]
    table.rgba[byte] = (255 << 24) | (blue << 16) | (green << 8) | red
    table.redBlue[byte] = (blue << 16) | red
    table.green[byte] = green
    const luminance = 0.2126 * (red / 255) ** 2.2 + 0.7152 * (green / 255) ** 2.2 + 0.0722 * (blue / 255) ** 2.2
    table.ink[byte] = luminance > 0.18 ? DARK_INK : LIGHT_INK
  })
  return table
}

// ---- cells ----

// A region of the matrix as a canvas; a pixel is the mean colour of step x step cells.
function paintRegion(matrix, table, region, step) {
  const canvas = document.createElement("canvas")
  canvas.width = Math.ceil(region.columns / step)
  canvas.height = Math.ceil(region.rows / step)
  const image = new ImageData(canvas.width, canvas.height)
  const pixels = new Uint32Array(image.data.buffer)
  if (step === 1) paintOneToOne(pixels, matrix, table, region)
  else paintMeans(pixels, matrix, table, region, step)
  canvas.getContext("2d").putImageData(image, 0, 0)
  return canvas
}

function paintOneToOne(pixels, { cells, columns }, { rgba }, region) {
  let pixel = 0
  for (let row = 0; row < region.rows; row++) {
    let at = (region.row + row) * columns + region.column
    for (const end = at + region.columns; at < end; at++) pixels[pixel++] = rgba[cells[at]]
  }
}

function paintMeans(pixels, { cells, columns }, table, region, step) {
  const width = Math.ceil(region.columns / step)
  const redBlue = new Uint32Array(width)
  const green = new Uint32Array(width)
  for (let row = 0, pixel = 0; row < region.rows; row += step) {
    const rows = Math.min(step, region.rows - row)
    redBlue.fill(0)
    green.fill(0)
    for (let inner = 0; inner < rows; inner++) {
      let at = (region.row + row + inner) * columns + region.column
      const end = at + region.columns
      for (let x = 0; x < width; x++) {
        let sumRedBlue = 0
        let sumGreen = 0
        for (const stop = Math.min(at + step, end); at < stop; at++) {
          const byte = cells[at]
          sumRedBlue += table.redBlue[byte]
          sumGreen += table.green[byte]
        }
        redBlue[x] += sumRedBlue
        green[x] += sumGreen
      }
    }
    for (let x = 0; x < width; x++, pixel++) {
      const count = rows * Math.min(step, region.columns - x * step)
      const red = Math.round((redBlue[x] & 0xffff) / count)
      const blue = Math.round((redBlue[x] >>> 16) / count)
      pixels[pixel] = (255 << 24) | (blue << 16) | (Math.round(green[x] / count) << 8) | red
    }
  }
}

// First and last + 1 of what a stretch of the plot shows.
function visible(start, span, size, count) {
  return [clamp(Math.floor(start), 0, count), clamp(Math.ceil(start + span / size), 0, count)]
}

// A stretch of cells grown by half of itself on both sides: dragging a little then needs no new painting.
function grown([first, last], step, count) {
  const more = (last - first) / 2
  const start = Math.floor(Math.max(0, first - more) / step) * step
  return [start, Math.min(count, Math.ceil(last + more))]
}

// The painted region around what is seen; `kept` is what the last call returned and is used again while it serves.
function paintedRegion({ matrix, table, view, plot, ratio }, kept) {
  const step = clamp(Math.floor(1 / (view.size * ratio) + 0.01), 1, LARGEST_STEP)
  const rows = visible(view.row, plot.height, view.size, matrix.rows)
  const columns = visible(view.column, plot.width, view.size, matrix.columns)
  const covers = (first, count, [from, to]) => first <= from && first + count >= to
  if (
    kept?.matrix === matrix &&
    kept.table === table &&
    kept.step === step &&
    covers(kept.region.row, kept.region.rows, rows) &&
    covers(kept.region.column, kept.region.columns, columns)
  )
    return kept
  const [top, bottom] = grown(rows, step, matrix.rows)
  const [left, right] = grown(columns, step, matrix.columns)
  const region = { row: top, column: left, rows: bottom - top, columns: right - left }
  return { matrix, table, step, region, canvas: paintRegion(matrix, table, region, step) }
}

// Where the cells that are seen lie on the canvas.
function cellsArea({ matrix, view, plot }) {
  const right = Math.min(plot.width, (matrix.columns - view.column) * view.size)
  const bottom = Math.min(plot.height, (matrix.rows - view.row) * view.size)
  return { ...plot, width: Math.max(0, right), height: Math.max(0, bottom) }
}

function drawCells(context, scene, kept) {
  const { view, plot, ratio } = scene
  const painted = paintedRegion(scene, kept)
  const area = cellsArea(scene)
  context.save()
  context.beginPath()
  context.rect(area.left, area.top, area.width, area.height)
  context.clip()
  context.imageSmoothingEnabled = view.size * ratio < 1
  context.imageSmoothingQuality = "high"
  context.drawImage(
    painted.canvas,
    plot.left + (painted.region.column - view.column) * view.size,
    plot.top + (painted.region.row - view.row) * view.size,
    painted.canvas.width * painted.step * view.size,
    painted.canvas.height * painted.step * view.size,
  )
  context.restore()
  return painted
}

// Lines one pixel wide between large cells, cut out so that the page shows through.
function drawGaps(context, scene) {
  const { matrix, view, plot, ratio } = scene
  if (view.size < GAPS_FROM) return
  const area = cellsArea(scene)
  const snap = (value) => Math.round(value * ratio) / ratio
  const [firstRow, lastRow] = visible(view.row, plot.height, view.size, matrix.rows)
  const [firstColumn, lastColumn] = visible(view.column, plot.width, view.size, matrix.columns)
  for (let row = firstRow + 1; row < lastRow; row++)
    context.clearRect(area.left, snap(plot.top + (row - view.row) * view.size), area.width, 1)
  for (let column = firstColumn + 1; column < lastColumn; column++)
    context.clearRect(snap(plot.left + (column - view.column) * view.size), area.top, 1, area.height)
}

function drawNumbers(context, scene) {
  const { matrix, table, view, plot, look } = scene
  if (view.size < look.numbersFrom) return
  const area = cellsArea(scene)
  const [firstRow, lastRow] = visible(view.row, plot.height, view.size, matrix.rows)
  const [firstColumn, lastColumn] = visible(view.column, plot.width, view.size, matrix.columns)
  context.save()
  context.beginPath()
  context.rect(area.left, area.top, area.width, area.height)
  context.clip()
  context.font = `${Math.min(0.33 * view.size, 1.25 * look.textSize)}px ${look.font}`
  context.textAlign = "center"
  context.textBaseline = "middle"
  for (let row = firstRow; row < lastRow; row++)
    for (let column = firstColumn; column < lastColumn; column++) {
      context.fillStyle = table.ink[byteAt(matrix, { row, column })]
      const x = plot.left + (column + 0.5 - view.column) * view.size
      const y = plot.top + (row + 0.5 - view.row) * view.size
      context.fillText(numberAt(matrix, { row, column }), x, y)
    }
  context.restore()
}

// ---- what stands beside the cells ----

function useText(context, look) {
  context.font = `${look.textSize}px ${look.font}`
  context.fillStyle = look.color
  context.textBaseline = "middle"
}

// The beginning of a text that fits; canvases draw line breaks as spaces.
function fitText(context, text, width) {
  if (text.length < 400 && context.measureText(text).width <= width) return text
  const letters = Array.from(text.slice(0, 400))
  let [fits, tooLong] = [0, letters.length]
  while (fits + 1 < tooLong) {
    const middle = (fits + tooLong) >> 1
    if (context.measureText(`${letters.slice(0, middle).join("")}…`).width <= width) fits = middle
    else tooLong = middle
  }
  return `${letters.slice(0, fits).join("").trimEnd()}…`
}

// 1, 2, 5, 10, 20, 50 …: the smallest that is at least `least`.
function roundStep(least) {
  for (let power = 1; ; power *= 10) for (const digit of [1, 2, 5]) if (digit * power >= least) return digit * power
}

// Positions whose numbers are shown: every step-th, and the first where the second is not too near.
function numbered([first, last], step) {
  const positions = first === 0 && last > 0 && step > 2 ? [0] : []
  for (let at = Math.ceil((first + 1) / step) * step - 1; at < last; at += step) positions.push(at)
  return positions
}

function gutters(context, matrix, width, look) {
  useText(context, look)
  const narrow = Math.ceil(context.measureText(String(matrix.rows)).width) + look.textSize
  const sentences = Math.min(longestLabel(context, matrix), 0.33 * width, 26 * look.textSize)
  return { narrow, wide: narrow + Math.ceil(sentences) + look.textSize }
}

// The width of the longest sentence, measured where it can matter only.
function longestLabel(context, matrix) {
  const weight = (text) => text.length + (text.match(/[\u2e80-\uffff]/g)?.length ?? 0)
  matrix.longest ??= matrix.rowTexts.reduce((longest, text) => (weight(text) > weight(longest) ? text : longest), "")
  return context.measureText(matrix.longest.slice(0, 100)).width
}

const middleOf = (start, first, at, size) => start + (at + 0.5 - first) * size

// Sentences at the rows, with their numbers; or numbers alone while rows are low. `marked` is a row to point out.
function drawRowLabels(context, { matrix, view, plot, look }, marked) {
  useText(context, look)
  const range = visible(view.row, plot.height, view.size, matrix.rows)
  const sentences = view.size >= look.labelsFrom
  const step = sentences ? 1 : roundStep((1.8 * look.textSize) / view.size)
  const right = plot.left - 0.6 * look.textSize
  const end = right - context.measureText(String(matrix.rows)).width - 0.6 * look.textSize
  const seen = (y) => y >= plot.top && y <= plot.top + plot.height
  const plate = middleOf(plot.top, view.row, marked ?? NaN, view.size)
  context.textAlign = "right"
  for (const row of numbered(range, step)) {
    const y = middleOf(plot.top, view.row, row, view.size)
    if (!seen(y)) continue
    if (sentences) context.fillText(fitText(context, matrix.rowTexts[row], end - plot.start), end, y)
    const covered = sentences ? row === marked : Math.abs(y - plate) < 1.4 * look.textSize
    if (!covered) context.fillText(String(row + 1), right, y)
  }
  if (seen(plate)) drawPlate(context, look, marked, right, plate)
}

function drawColumnNumbers(context, { matrix, view, plot, look, ratio }, marked) {
  useText(context, look)
  const range = visible(view.column, plot.width, view.size, matrix.columns)
  const wide = (column) => context.measureText(String(column + 1)).width
  const room = wide(matrix.columns - 1) + 0.7 * look.textSize
  const end = context.canvas.width / ratio
  const y = plot.top - 0.9 * look.textSize
  const seen = (x) => x >= plot.left && x <= plot.left + plot.width
  const plate = Math.min(middleOf(plot.left, view.column, marked ?? NaN, view.size), end - 0.5 * room)
  context.textAlign = "right"
  for (const column of numbered(range, roundStep(room / view.size))) {
    const x = middleOf(plot.left, view.column, column, view.size)
    const last = column === matrix.columns - 1 // it may move a little to the left, others are left out
    if (!seen(x) || (x + wide(column) / 2 > end && !last) || Math.abs(x - plate) < room) continue
    context.fillText(String(column + 1), Math.min(x + wide(column) / 2, end), y)
  }
  if (seen(plate)) drawPlate(context, look, marked, plate + wide(marked) / 2, y)
}

// A number on ground of its own.
function drawPlate(context, look, at, right, middle) {
  const text = String(at + 1)
  const [margin, width] = [0.4 * look.textSize, context.measureText(text).width]
  context.fillRect(right - width - margin, middle - 0.75 * look.textSize, width + 2 * margin, 1.5 * look.textSize)
  context.textAlign = "right"
  context.fillStyle = look.paper
  context.fillText(text, right, middle)
}

// The cells; returns the painted region for the next call.
function drawMatrix(context, scene, kept) {
  const painted = drawCells(context, scene, kept)
  drawGaps(context, scene)
  drawNumbers(context, scene)
  return painted
}

// What stands beside them; `marked` is a cell whose row and column are pointed out.
function drawAxes(context, scene, marked) {
  drawRowLabels(context, scene, marked?.row)
  drawColumnNumbers(context, scene, marked?.column)
}

// ---- where things are ----

// How the whole matrix fits: pixels per cell, the gutter for sentences, and from which size on they show. They are left
// out where even a narrow gutter would make the rows too low for them.
function fit(matrix, width, height, gutter, look) {
  const within = (left) => Math.min((width - left) / matrix.columns, height / matrix.rows)
  const least = Math.min(gutter.narrow + 7 * look.textSize, gutter.wide)
  const wide = clamp(width - 1.01 * look.labelsFrom * matrix.columns, least, gutter.wide)
  const size = Math.min(within(wide), 6 * look.labelsFrom)
  if (size >= look.labelsFrom) return { size, wide, labelsFrom: look.labelsFrom }
  const alone = Math.max(within(gutter.narrow), 0.01)
  return { size: alone, wide: gutter.wide, labelsFrom: Math.max(look.labelsFrom, 1.01 * alone) }
}

function cellAt({ matrix, view, plot }, x, y) {
  const row = Math.floor(view.row + (y - plot.top) / view.size)
  const column = Math.floor(view.column + (x - plot.left) / view.size)
  const inside = x >= plot.left && y >= plot.top && row >= 0 && row < matrix.rows && column < matrix.columns
  return inside ? { row, column } : null
}

function clampedView(matrix, view, plot) {
  return {
    size: view.size,
    row: clamp(view.row, 0, Math.max(0, matrix.rows - plot.height / view.size)),
    column: clamp(view.column, 0, Math.max(0, matrix.columns - plot.width / view.size)),
  }
}
