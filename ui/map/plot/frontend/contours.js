// Lines around where points lie over each other. A level is how many points would lie over one another there, on the
// average; each line stands for twice as many as the one around it. Counted in cells of the stage, so that a closer look
// shows finer lines.
import { eachPlace } from "./places.js"

const CELL = 6 // pixels
const BLURS = 3
const REACH = 2 // cells, of a blur to each side
const OVERLAP = 2 // points over one another, from which on lines help
const FIRST_WHEN_ON = 0.25
const MOST_LEVELS = 7

// Levels with their lines: [{ level, lines: [x1, y1, x2, y2, ...] }].
export function contours(scene, isForced) {
  const grid = blurred(counted(scene))
  const area = Math.PI * scene.radius * scene.radius
  const unit = area / (CELL * CELL) // points in a cell -> points over one another
  const highest = grid.values.reduce((most, value) => Math.max(most, value), 0) * unit
  if (!isForced && highest < 2 * OVERLAP) return []
  const levels = []
  for (let level = isForced ? FIRST_WHEN_ON : OVERLAP; level < highest; level *= 2) levels.push(level)
  return levels.slice(-MOST_LEVELS).map((level) => ({ level, lines: linesAt(grid, level / unit) }))
}

function counted(scene) {
  const [columns, rows] = [Math.ceil(scene.size.width / CELL) + 8, Math.ceil(scene.size.height / CELL) + 8]
  const values = new Float32Array(columns * rows)
  eachPlace(scene, scene.order, (_row, x, y) => {
    const [column, row] = [Math.floor(x / CELL) + 4, Math.floor(y / CELL) + 4]
    if (column >= 0 && row >= 0 && column < columns && row < rows) values[row * columns + column]++
  })
  return { columns, rows, values }
}

// Three means over neighbours are close to a normal distribution.
function blurred({ columns, rows, values }) {
  for (let time = 0; time < BLURS; time++) {
    values = means(values, rows, columns, columns, 1)
    values = means(values, columns, rows, 1, columns)
  }
  return { columns, rows, values }
}

function means(values, lines, length, lineStep, step) {
  const result = new Float32Array(values.length)
  const share = 1 / (2 * REACH + 1)
  for (let line = 0; line < lines; line++) {
    let sum = 0
    const start = line * lineStep
    for (let place = -REACH; place < length; place++) {
      if (place + REACH < length) sum += values[start + (place + REACH) * step]
      if (place - REACH - 1 >= 0) sum -= values[start + (place - REACH - 1) * step]
      if (place >= 0) result[start + place * step] = Math.max(0, sum * share)
    }
  }
  return result
}

// Marching squares: in each square of four cells the line goes through the sides between a lower and a higher one.
function linesAt({ columns, rows, values }, level) {
  const lines = []
  const x = (column) => (column - 4 + 0.5) * CELL
  for (let row = 0; row + 1 < rows; row++) {
    for (let column = 0; column + 1 < columns; column++) {
      const at = row * columns + column
      const [a, b, c, d] = [values[at], values[at + 1], values[at + columns + 1], values[at + columns]]
      const key = (a > level) | ((b > level) << 1) | ((c > level) << 2) | ((d > level) << 3)
      if (key === 0 || key === 15) continue
      const cut = (low, high) => (level - low) / (high - low)
      const sides = [
        () => [x(column + cut(a, b)), x(row)],
        () => [x(column + 1), x(row + cut(b, c))],
        () => [x(column + cut(d, c)), x(row + 1)],
        () => [x(column), x(row + cut(a, d))],
      ]
      for (const [from, to] of CROSSED[key]) lines.push(...sides[from](), ...sides[to]())
    }
  }
  return lines
}

// Which sides (top, right, bottom, left) a line joins, by which corners are higher: a 1, b 2, c 4, d 8.
const CROSSED = [
  [], [[3, 0]], [[0, 1]], [[3, 1]], [[1, 2]], [[3, 0], [1, 2]], [[0, 2]], [[3, 2]],
  [[2, 3]], [[0, 2]], [[0, 1], [2, 3]], [[1, 2]], [[3, 1]], [[0, 1]], [[3, 0]], [],
]

// scene.contours: { levels, matrix, size }, as they were made; the map may have been moved since.
export function drawContours(context, { contours: { levels, matrix, size }, matrix: now, look }) {
  if (!levels.length) return
  const [across, down] = [now[0] / matrix[0], now[5] / matrix[5]]
  const left = (0.5 * size.width) * (1 + now[12] - across * (1 + matrix[12]))
  const top = (0.5 * size.height) * (1 - now[13] - down * (1 - matrix[13]))
  const x = (place) => left + across * place
  const y = (place) => top + down * place
  context.lineCap = "round"
  for (const [color, width, alpha] of [[look.paper, 2.4, 0.4], [look.ink, 0.9, 0.6]]) {
    context.strokeStyle = color
    context.lineWidth = width * look.marks
    context.globalAlpha = alpha
    context.beginPath()
    for (const { lines } of levels) {
      for (let at = 0; at < lines.length; at += 4) {
        context.moveTo(x(lines[at]), y(lines[at + 1]))
        context.lineTo(x(lines[at + 2]), y(lines[at + 3]))
      }
    }
    context.stroke()
  }
  context.globalAlpha = 1
}
