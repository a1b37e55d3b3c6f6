// The values of all lines at the measured x that is nearest to the pointer.
import { html } from "../html.js"
import { put } from "./draw.js"
import { stepOf, written } from "./scale.js"

function nearestX(lines, target) {
  let best = null
  for (const line of lines) {
    for (const [x] of line.points) if (best === null || Math.abs(x - target) < Math.abs(best - target)) best = x
  }
  return best
}

function valueAt(line, position, reach) {
  let best = null
  for (const point of line.points) {
    if (Math.abs(point[0] - position) <= reach && (best === null || Math.abs(point[0] - position) <= Math.abs(best[0] - position))) best = point
  }
  return best
}

function rowOf(text, line) {
  const row = html("div")
  if (line) {
    const dot = html("span", "", "■ ")
    dot.style.color = line.color
    row.append(dot)
  }
  row.append(text)
  return row
}

export function showReading(figure, svg, frame, data, lines, pointer) {
  const reading = figure.querySelector(".curves-reading")
  svg.querySelector(".curves-cross")?.remove()
  const position = pointer === null ? null : nearestX(lines, frame.fromX(pointer))
  const thick = lines.filter((line) => !line.thin)
  const reach = (frame.x[1] - frame.x[0]) / 60
  const readings = position === null ? [] : (thick.some((line) => line.points.length) ? thick : lines).map((line) => [line, valueAt(line, position, reach)]).filter(([, point]) => point)
  reading.hidden = !readings.length || position < frame.x[0] || position > frame.x[1]
  if (reading.hidden) return
  const step = (frame.x[1] - frame.x[0]) / 100
  const values = readings.sort(([, a], [, b]) => b[1] - a[1]).map(([line, point]) => rowOf(`${line.name}  ${point[1].toLocaleString("en", { maximumSignificantDigits: 4 })}`, line))
  reading.replaceChildren(rowOf(`${data.x_name}: ${written(position, stepOf(step, 1))}`), ...values)
  const x = frame.toX(position)
  put(svg, "line", { class: "curves-cross", x1: x, x2: x, y1: frame.box.top, y2: frame.box.top + frame.down })
  const toTheLeft = x > frame.width / 2
  reading.style.left = toTheLeft ? "" : `${x + 10}px`
  reading.style.right = toTheLeft ? `${frame.width - x + 10}px` : ""
}
