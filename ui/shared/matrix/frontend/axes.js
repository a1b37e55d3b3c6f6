// What stands beside the cells, and how much room it takes: functions of their arguments only, as in draw.js.
import { clamp, roundStep } from "../../frontend/numbers.js"
import { visible } from "./draw.js"

export function useText(context, look) {
  context.font = `${look.textSize}px ${look.font}`
  context.fillStyle = look.color
  context.textBaseline = "middle"
}

// The beginning of a text that fits; canvases draw line breaks as spaces.
export function fitText(context, text, width) {
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

// Every how many-th number is shown, when one needs `room` pixels.
const stepOf = (room, size) => roundStep(Math.max(1, room / size))

// Positions whose numbers are shown: every step-th, and the first where the second is not too near.
function numbered([first, last], step) {
  const positions = first === 0 && last > 0 && step > 2 ? [0] : []
  for (let position = Math.ceil((first + 1) / step) * step - 1; position < last; position += step) positions.push(position)
  return positions
}

const ROWS_MEASURED = 60 // of so few sentences every one is measured, so that all of them can be whole
const LINE = 1.1 // of the text size: lines of a label
const LINES = 2

// How wide the gutter at the left is: `narrow` for numbers alone, `wide` with sentences, of which the longest take
// `whole[0]` pixels in one line and `whole[1]` in two.
export function gutters(context, matrix, width, look) {
  useText(context, look)
  const narrow = Math.ceil(context.measureText(String(matrix.rows)).width) + look.textSize
  const sentences = Math.min(longestLabel(context, matrix), 0.33 * width, 26 * look.textSize)
  const whole = matrix.rows > ROWS_MEASURED ? null : [1, 2].map((lines) => longestOf(context, matrix, lines, look) + look.textSize)
  return { narrow, wide: narrow + Math.ceil(sentences) + look.textSize, whole }
}

// The width of the longest sentence, which is found by its letters: to measure thousands takes long.
function longestLabel(context, matrix) {
  const weight = (text) => text.length + (text.match(/[\u2e80-\uffff]/g)?.length ?? 0)
  matrix.longest ??= matrix.rowTexts.reduce((longest, text) => (weight(text) > weight(longest) ? text : longest), "")
  return context.measureText(matrix.longest.slice(0, 100)).width
}

// The width in which every sentence is whole in so many lines.
function longestOf(context, matrix, lines, look) {
  const font = `${look.textSize} ${look.font}`
  if (matrix.measured?.font !== font) matrix.measured = { font, widths: [] }
  matrix.measured.widths[lines] ??= Math.ceil(Math.max(...matrix.rowTexts.map((text) => labelWidth(context, text.slice(0, 200), lines))))
  return matrix.measured.widths[lines]
}

// Where a label may be broken: behind blanks, and beside Chinese letters.
function* breaks(text) {
  for (const { index } of text.matchAll(/(?<=\s)(?=\S)|(?<=[\u2e80-\uffff])(?=[^\s\u3001\u3002\uff01\uff0c\uff1a\uff1b\uff1f])/gu)) yield index
}

function labelWidth(context, text, lines) {
  const wide = (part) => context.measureText(part.trim()).width
  const whole = wide(text)
  if (lines === 1) return whole
  let least = whole
  for (const place of breaks(text)) least = Math.min(least, Math.max(wide(text.slice(0, place)), wide(text.slice(place))))
  return least
}

// A text in at most so many lines of this width; the last one ends with … where it does not fit.
export function wrapped(context, text, width, lines) {
  if (lines === 1 || context.measureText(text.slice(0, 400)).width <= width) return [fitText(context, text, width)]
  const wide = (part) => context.measureText(part.trim()).width
  const places = [...breaks(text.slice(0, 400))].filter((end) => wide(text.slice(0, end)) <= width)
  if (places.length === 0) return [fitText(context, text, width)]
  // The longest first line, or a shorter one with which both are about equally long.
  const both = places.filter((end) => wide(text.slice(end, 400)) <= width)
  const longer = (end) => Math.max(wide(text.slice(0, end)), wide(text.slice(end, 400)))
  const place = both.length ? both.reduce((best, end) => (longer(end) < longer(best) ? end : best)) : places.at(-1)
  return [text.slice(0, place).trimEnd(), fitText(context, text.slice(place), width)]
}

export const middleOf = (start, first, position, size) => start + (position + 0.5 - first) * size

// The lines of a row's label, made once: they are drawn whenever the pointer moves.
function labelOf(context, matrix, row, width, lines) {
  const made = `${context.font} ${Math.round(width)} ${lines}`
  if (matrix.labels?.made !== made) matrix.labels = { made, of: new Map() }
  if (!matrix.labels.of.has(row)) matrix.labels.of.set(row, wrapped(context, matrix.rowTexts[row], width, lines))
  return matrix.labels.of.get(row)
}

// Sentences at the rows, with their numbers; or numbers alone while rows are low. `marked` is a row to point out.
function drawRowLabels(context, { matrix, view, plot, look }, marked) {
  useText(context, look)
  const range = visible(view.row, plot.height, view.size, matrix.rows)
  const sentences = view.size >= look.labelsFrom
  const lines = clamp(Math.floor(view.size / (LINE * look.textSize)), 1, LINES)
  const step = sentences ? 1 : stepOf(1.8 * look.textSize, view.size)
  const right = plot.left - 0.6 * look.textSize
  const end = right - context.measureText(String(matrix.rows)).width - 0.6 * look.textSize
  const seen = (y) => y >= plot.top && y <= plot.top + plot.height
  const plate = middleOf(plot.top, view.row, marked ?? NaN, view.size)
  context.textAlign = "right"
  for (const row of numbered(range, step)) {
    const y = middleOf(plot.top, view.row, row, view.size)
    if (!seen(y)) continue
    if (sentences) {
      const label = labelOf(context, matrix, row, end - plot.start, lines)
      label.forEach((line, index) => context.fillText(line, end, y + (index - (label.length - 1) / 2) * LINE * look.textSize))
    }
    const covered = sentences ? row === marked : Math.abs(y - plate) < 1.4 * look.textSize
    if (!covered) context.fillText(matrix.numberOf(row), right, y)
  }
  if (seen(plate)) drawPlate(context, look, matrix.numberOf(marked), right, plate)
}

function drawColumnNumbers(context, { matrix, view, plot, look, ratio }, marked) {
  useText(context, look)
  const range = visible(view.column, plot.width, view.size, matrix.columns)
  const wide = (column) => context.measureText(matrix.numberOf(column)).width
  const room = context.measureText(String(matrix.columns)).width + 0.7 * look.textSize
  const end = context.canvas.width / ratio
  const y = plot.top - 0.9 * look.textSize
  const seen = (x) => x >= plot.left && x <= plot.left + plot.width
  const plate = middleOf(plot.left, view.column, marked ?? NaN, view.size)
  context.textAlign = "right"
  for (const column of numbered(range, stepOf(room, view.size))) {
    const x = middleOf(plot.left, view.column, column, view.size)
    const last = column === matrix.columns - 1 // it may move a little to the left, others are left out
    if (!seen(x) || (x + wide(column) / 2 > end && !last) || Math.abs(x - plate) < room) continue
    context.fillText(matrix.numberOf(column), Math.min(x + wide(column) / 2, end), y)
  }
  if (!seen(plate)) return
  drawPlate(context, look, matrix.numberOf(marked), Math.min(plate + wide(marked) / 2, end - 0.4 * look.textSize), y)
}

// A number on ground of its own.
function drawPlate(context, look, text, right, middle) {
  const [margin, width] = [0.4 * look.textSize, context.measureText(text).width]
  context.fillRect(right - width - margin, middle - 0.75 * look.textSize, width + 2 * margin, 1.5 * look.textSize)
  context.textAlign = "right"
  context.fillStyle = look.paper
  context.fillText(text, right, middle)
}

// `marked` is a cell whose row and column are pointed out.
export function drawAxes(context, scene, marked) {
  drawRowLabels(context, scene, marked?.row)
  drawColumnNumbers(context, scene, marked?.column)
}

const LARGEST_CELL = 16 // of the text size: two sentences do not fill a screen
const WIDEST_GUTTER = 0.52 // of the picture

// How the whole matrix fits: pixels per cell, the gutter for sentences, and from which size on they show. Sentences are
// whole, in one line or in two, where that leaves the larger cells; else they are cut, and left out where even a narrow
// gutter would make the rows too low for them. `look.labels` is false where numbers stand alone.
export function fit(matrix, width, height, gutter, look) {
  const within = (left) => Math.min((width - left) / matrix.columns, height / matrix.rows, LARGEST_CELL * look.textSize)
  const alone = Math.max(within(gutter.narrow), 0.01)
  if (!look.labels) return { size: alone, wide: gutter.narrow, labelsFrom: Infinity }
  const whole = (gutter.whole ?? []).map((sentences, index) => {
    const wide = gutter.narrow + sentences
    const size = wide > WIDEST_GUTTER * width ? 0 : within(wide)
    return { size: size < Math.max(look.labelsFrom, (index + 1) * LINE * look.textSize) ? 0 : size, wide }
  })
  const [best] = whole.toSorted((first, second) => second.size - first.size)
  if (best?.size > 0) return { ...best, labelsFrom: look.labelsFrom }
  const widest = gutter.whole ? Math.max(Math.min(gutter.narrow + gutter.whole[0], WIDEST_GUTTER * width), 0) : gutter.wide
  const least = Math.min(gutter.narrow + 7 * look.textSize, widest)
  const room = gutter.whole ? Math.max(height / matrix.rows, look.labelsFrom) : look.labelsFrom
  const wide = clamp(width - 1.01 * room * matrix.columns, least, widest)
  const size = within(wide)
  if (size >= look.labelsFrom) return { size, wide, labelsFrom: look.labelsFrom }
  return { size: alone, wide: gutter.wide, labelsFrom: Math.max(look.labelsFrom, 1.01 * alone) }
}

export function cellAt({ matrix, view, plot }, x, y) {
  const row = Math.floor(view.row + (y - plot.top) / view.size)
  const column = Math.floor(view.column + (x - plot.left) / view.size)
  const inside = x >= plot.left && y >= plot.top && row >= 0 && row < matrix.rows && column < matrix.columns
  return inside ? { row, column } : null
}

export function clampedView(matrix, view, plot) {
  return {
    size: view.size,
    row: clamp(view.row, 0, Math.max(0, matrix.rows - plot.height / view.size)),
    column: clamp(view.column, 0, Math.max(0, matrix.columns - plot.width / view.size)),
  }
}
