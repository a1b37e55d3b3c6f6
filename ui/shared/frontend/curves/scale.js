// Axes: round numbers, about as many as fit, written with as many digits as tell them apart.
import { clamp, roundStep } from "../numbers.js"

export function stepOf(span, about) {
  return roundStep((0.999 * span) / Math.max(about, 1), [1, 2, 2.5, 5])
}

export function ticks(low, high, about) {
  const step = stepOf(high - low, about)
  const marks = []
  for (let multiple = Math.ceil(low / step - 1e-9); multiple * step <= high + step * 1e-9; multiple += 1) marks.push(multiple * step)
  return { marks, step }
}

export function written(value, step) {
  const isQuarter = /^2\.?5/.test(String(step / 10 ** Math.floor(Math.log10(step))))
  const digits = clamp(Math.ceil(-Math.log10(step) - 1e-9) + (isQuarter ? 1 : 0), 0, 6)
  return (Math.abs(value) < step / 1e6 ? 0 : value).toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

// Lowest and highest of some numbers, with a little air where `air` is a share of the span.
function extent(values, air) {
  let low = Infinity
  let high = -Infinity
  for (const value of values) {
    if (value < low) low = value
    if (value > high) high = value
  }
  if (low === Infinity) return [0, 1]
  const room = (high - low || Math.abs(high) || 1) * (air ?? 0)
  return low === high && !room ? [low - 0.5, high + 0.5] : [low - room, high + room]
}

// The numbers between which a chart shows: what is zoomed to, else everything; upwards only what is seen.
export function domains(data, lines, range) {
  const all = extent(lines.flatMap((line) => line.points.map((point) => point[0])), data.from_zero ? 0 : 0.06)
  const x = range ?? [data.from_zero ? 0 : all[0], data.x_last ?? (data.from_zero && all[1] <= 0 ? 1 : all[1])]
  const seen = lines.flatMap((line) => seenPoints(line.points, x).map((point) => point[1]))
  const ends = range ? [] : lines.flatMap((line) => (line.thin || !line.points.length ? [] : (line.range ?? [])))
  const y = extent([...seen, ...ends], 0.08)
  return { x, y: data.y_from_zero ? [0, Math.max(y[1], 0)] : y }
}

// The points inside a range and the one before and behind it, to which the line is drawn.
function seenPoints(points, [low, high]) {
  return points.filter(([x], index) => {
    const [before, behind] = [points[index - 1]?.[0] ?? x, points[index + 1]?.[0] ?? x]
    return (x >= low && x <= high) || (x < low && behind >= low) || (x > high && before <= high)
  })
}
