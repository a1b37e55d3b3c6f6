// A chart as SVG. Everything inside is drawn anew at once; the node itself stays, so nothing flickers.
import { disc, polygon, star } from "../shapes.js"
import { svg as svgElement } from "../svg.js"
import { domains, ticks, written } from "./scale.js"

export function put(parent, name, attributes, text) {
  const element = svgElement(name, attributes, text)
  parent.append(element)
  return element
}

const SHAPES = {
  circle: disc,
  square: (r) => polygon(4, Math.SQRT2 * r, Math.PI / 4),
  diamond: (r) => polygon(4, 1.3 * r, 0),
  "triangle-up": (r) => `M0 ${-1.2 * r}L${1.15 * r} ${0.9 * r}L${-1.15 * r} ${0.9 * r}z`,
  cross: (r) => `M${-r / 2.6} ${-1.2 * r}h${r / 1.3}v${0.82 * r}h${0.82 * r}v${r / 1.3}h${-0.82 * r}v${0.82 * r}h${-r / 1.3}v${-0.82 * r}h${-0.82 * r}v${-r / 1.3}h${0.82 * r}z`,
  star: (r) => star(1.4 * r, 0.6 * r),
  hexagon: (r) => polygon(6, 1.15 * r, -Math.PI / 2),
}
SHAPES.x = SHAPES.cross

export function mark(parent, line, x, y, radius) {
  if (line.symbol === "none") return
  const turned = line.symbol === "x" ? " rotate(45)" : ""
  const shape = (SHAPES[line.symbol] ?? SHAPES.circle)(radius)
  put(parent, "path", { d: shape, transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})${turned}`, fill: line.color, stroke: "var(--st-background-color)", "stroke-width": 1 })
}

export function strokeOf(line) {
  return { fill: "none", stroke: line.color, "stroke-width": line.thin ? 1.2 : 2.5, "stroke-opacity": line.thin ? 0.55 : 1, "stroke-dasharray": line.dash, "stroke-linejoin": "round" }
}

// Where numbers are on the screen, and back.
function frameOf(svg, data, lines, range) {
  const size = parseFloat(getComputedStyle(document.documentElement).fontSize)
  const letter = parseFloat(getComputedStyle(svg).fontSize)
  const width = svg.clientWidth
  const height = data.stretch ? Math.max(Math.floor(svg.parentNode.getBoundingClientRect().height), 120) : Math.round(data.height * (size > 20 ? 1.25 : 1))
  const { x, y } = domains(data, lines, range)
  const rows = ticks(y[0], y[1], height / (letter * 3.6))
  const widest = Math.max(...rows.marks.map((tick) => written(tick, rows.step).length), 1)
  const box = { left: letter * (0.62 * widest + 0.9), right: letter * 1.1, top: letter * 0.6, bottom: letter * 2.9 }
  const [across, down] = [Math.max(width - box.left - box.right, 20), Math.max(height - box.top - box.bottom, 20)]
  return {
    size, letter, width, height, box, across, down, x, y, rows,
    toX: (value) => box.left + ((value - x[0]) / (x[1] - x[0])) * across,
    toY: (value) => box.top + down - ((value - y[0]) / (y[1] - y[0])) * down,
    fromX: (pixel) => x[0] + ((pixel - box.left) / across) * (x[1] - x[0]),
  }
}

function drawAxes(svg, frame, data) {
  const { box, letter, across, down, width, height, rows } = frame
  const columns = ticks(frame.x[0], frame.x[1], across / (letter * 5))
  for (const tick of rows.marks) {
    put(svg, "line", { class: "curves-grid", x1: box.left, x2: box.left + across, y1: frame.toY(tick), y2: frame.toY(tick) })
    put(svg, "text", { x: box.left - letter * 0.5, y: frame.toY(tick) + letter * 0.35, "text-anchor": "end", "font-size": letter }, written(tick, rows.step))
  }
  for (const tick of columns.marks) {
    put(svg, "line", { class: "curves-grid", x1: frame.toX(tick), x2: frame.toX(tick), y1: box.top + down, y2: box.top + down + 4 })
    put(svg, "text", { x: frame.toX(tick), y: box.top + down + letter * 1.3, "text-anchor": "middle", "font-size": letter }, written(tick, columns.step))
  }
  put(svg, "text", { x: box.left + across / 2, y: height - letter * 0.3, "text-anchor": "middle", "font-size": letter }, data.x_name)
  if (!data.lines.some((line) => line.points.length)) {
    put(svg, "text", { x: width / 2, y: box.top + down / 2, "text-anchor": "middle", "font-size": letter }, data.words.empty)
  }
}

const MARKED_UP_TO = 26

function drawLines(svg, frame, lines, clip) {
  const { box, across, down } = frame
  const visible = put(put(svg, "clipPath", { id: clip }), "rect", { x: box.left - 6, y: box.top - 6, width: across + 12, height: down + 12 })
  visible.setAttribute("data-clip", "")
  const inside = put(svg, "g", { "clip-path": `url(#${clip})` })
  for (const line of lines) {
    const marks = line.points.map(([x, y]) => [frame.toX(x), frame.toY(y)])
    if (!marks.length) continue
    put(inside, "path", { d: `M${marks.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}`, ...strokeOf(line) })
    if (line.thin && marks.length > 1) continue
    const marked = marks.length <= MARKED_UP_TO ? marks : marks.slice(-1)
    const last = marks.at(-1)
    for (const point of marked) mark(inside, line, ...point, point === last ? frame.letter * 0.42 : frame.letter * 0.3)
  }
}

// Ranges of lines that end together stand beside each other.
function drawRanges(svg, frame, lines) {
  const ranged = lines.filter((line) => line.range && line.points.length && !line.thin)
  ranged.forEach((line, at) => {
    const x = frame.toX(line.points.at(-1)[0]) - (ranged.length - 1 - at) * frame.letter * 0.6
    const [low, high] = line.range.map(frame.toY)
    const cap = frame.letter * 0.2
    put(svg, "path", { d: `M${x} ${low}V${high}M${x - cap} ${low}h${2 * cap}M${x - cap} ${high}h${2 * cap}`, stroke: line.color, "stroke-width": 2, "stroke-opacity": 0.7, class: "curves-range" })
  })
}

export function draw(svg, data, lines, range, clip) {
  const frame = frameOf(svg, data, lines, range)
  svg.replaceChildren()
  svg.setAttribute("height", frame.height)
  drawAxes(svg, frame, data)
  drawRanges(svg, frame, range ? [] : lines)
  drawLines(svg, frame, lines, clip)
  return frame
}
