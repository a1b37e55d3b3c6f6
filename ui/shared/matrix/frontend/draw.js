// A matrix of cosines as a picture: functions of their arguments only. The component, the saved picture and the
// stand-alone page share them.
//
// matrix: see matrix.js.
// view:   { row, column, size }: the cell at the upper left corner of the plot (may be a fraction), pixels per cell.
// plot:   { start, left, top, width, height }: where the cells are on the canvas, in CSS pixels; the sentences have
//         the room from start to left.
// look:   { font, textSize, color, paper, labels, labelsFrom, numbersFrom }; labels: whether sentences stand at the rows
//         at all; the last two: from how many pixels per cell on sentences, and numbers that fit, show.
// scene:  { matrix, table, view, plot, look, ratio }; ratio is device pixels per CSS pixel.
import { clamp } from "../../frontend/numbers.js"
import { byteAt, numberAt } from "./matrix.js"

const GAPS_FROM = 9
const LARGEST_STEP = 16 // the sums of 16 x 16 cells just fit into the 16 bits of colorTable

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
    let index = (region.row + row) * columns + region.column
    for (const end = index + region.columns; index < end; index++) pixels[pixel++] = rgba[cells[index]]
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
      let index = (region.row + row + inner) * columns + region.column
      const end = index + region.columns
      for (let x = 0; x < width; x++) {
        let sumRedBlue = 0
        let sumGreen = 0
        for (const stop = Math.min(index + step, end); index < stop; index++) {
          const byte = cells[index]
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
export function visible(start, span, size, count) {
  return [clamp(Math.floor(start), 0, count), clamp(Math.ceil(start + span / size), 0, count)]
}

// A stretch of cells grown by half of itself on both sides: dragging a little then needs no new painting.
function grown([first, last], step, count) {
  const more = (last - first) / 2
  const start = Math.floor(Math.max(0, first - more) / step) * step
  return [start, Math.min(count, Math.ceil(last + more))]
}

// The painted region around what is seen; `kept` is what the last call returned and is used again while it serves.
function paintedRegion({ matrix, table, view, plot, ratio }, earlier) {
  const step = clamp(Math.floor(1 / (view.size * ratio) + 0.01), 1, LARGEST_STEP)
  const rows = visible(view.row, plot.height, view.size, matrix.rows)
  const columns = visible(view.column, plot.width, view.size, matrix.columns)
  const covers = (first, count, [from, to]) => first <= from && first + count >= to
  if (
    earlier?.matrix === matrix &&
    earlier.table === table &&
    earlier.step === step &&
    covers(earlier.region.row, earlier.region.rows, rows) &&
    covers(earlier.region.column, earlier.region.columns, columns)
  )
    return earlier
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

function drawCells(context, scene, earlier) {
  const { view, plot, ratio } = scene
  const painted = paintedRegion(scene, earlier)
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

// Whether numbers as large as the text fit into cells: "whole" as 0.78, "short" as .78, or "" for not at all.
export function numbersFit(context, matrix, look, size) {
  if (size < (look.numbersFrom ?? 0)) return ""
  context.font = `${look.textSize}px ${look.font}`
  const sign = hasNegative(matrix) ? "\u2212" : ""
  const [whole, short] = ["0.00", ".00"].map((number) => 1.08 * context.measureText(sign + number).width)
  return size >= whole ? "whole" : size >= short ? "short" : ""
}

const ZERO = 127 // the byte of a cosine of 0
const MOST_SEARCHED = 10_000

function hasNegative(matrix) {
  matrix.negative ??= matrix.cells.length > MOST_SEARCHED || matrix.cells.some((byte) => byte < ZERO)
  return matrix.negative
}

const withoutZero = (number) => number.replace("1.00", "1").replace("0.", ".").replace("-", "\u2212")

function drawNumbers(context, scene) {
  const { matrix, table, view, plot, look } = scene
  const room = numbersFit(context, matrix, look, view.size)
  if (!room) return
  const area = cellsArea(scene)
  const [firstRow, lastRow] = visible(view.row, plot.height, view.size, matrix.rows)
  const [firstColumn, lastColumn] = visible(view.column, plot.width, view.size, matrix.columns)
  context.save()
  context.beginPath()
  context.rect(area.left, area.top, area.width, area.height)
  context.clip()
  context.font = `${clamp(0.33 * view.size, look.textSize, 1.6 * look.textSize)}px ${look.font}`
  context.textAlign = "center"
  context.textBaseline = "middle"
  for (let row = firstRow; row < lastRow; row++)
    for (let column = firstColumn; column < lastColumn; column++) {
      context.fillStyle = table.ink[byteAt(matrix, { row, column })]
      const x = plot.left + (column + 0.5 - view.column) * view.size
      const y = plot.top + (row + 0.5 - view.row) * view.size
      const number = numberAt(matrix, { row, column })
      context.fillText(room === "whole" ? number : withoutZero(number), x, y)
    }
  context.restore()
}

// The cells; returns the painted region for the next call.
export function drawMatrix(context, scene, earlier) {
  const painted = drawCells(context, scene, earlier)
  drawGaps(context, scene)
  drawNumbers(context, scene)
  return painted
}
