// Words on a canvas that do not lie over each other.

// Places that are taken.
export class Room {
  #boxes = []

  isFree(box, size) {
    const isIn = box.left >= 2 && box.top >= 2 && box.right <= size.width - 2 && box.bottom <= size.height - 2
    const isApart = (other) =>
      box.right <= other.left || box.left >= other.right || box.bottom <= other.top || box.top >= other.bottom
    return isIn && this.#boxes.every(isApart)
  }

  take(box) {
    this.#boxes.push(box)
  }
}

// Words, and single letters of scripts without spaces; a line does not begin with a closing mark.
const PIECES = /[\u2e80-\uffef][\u3001\u3002\uff0c\uff1a\uff1b\uff1f\uff01\uff09\u300b\u3011\u201d]*|[^\s\u2e80-\uffef]+\s*|\s+/gu

export function useFont(context, look, { weight = 400, scale = 1 } = {}) {
  context.font = `${weight} ${scale * look.text}px ${look.font}`
  context.textBaseline = "middle"
  context.lineJoin = "round"
}

// At most so many lines that are no wider, about equally long; the last one ends with dots when there is more.
export function wrapped(context, text, width, most) {
  const whole = context.measureText(text.slice(0, 200)).width
  const even = Math.min(width, whole / Math.ceil(whole / width) + 1.1 * parseFloat(/[\d.]+px/.exec(context.font)[0]))
  const lines = whole > width ? broken(context, text, even, most) : [text]
  return lines.at(-1).endsWith("…") ? broken(context, text, width, most) : lines
}

// Canvases draw breaks as spaces.
function broken(context, text, width, most) {
  const lines = []
  let line = ""
  for (const piece of text.slice(0, 200).match(PIECES) ?? []) {
    if (!line || context.measureText((line + piece).trimEnd()).width <= width) line += piece
    else if (lines.push(line.trimEnd()) === most) return [...lines.slice(0, -1), shortened(context, `${lines.at(-1)} …`, width)]
    else line = piece.trimStart()
  }
  lines.push(line.trimEnd())
  return lines.map((each) => shortened(context, each, width))
}

function shortened(context, line, width) {
  if (context.measureText(line).width <= width) return line
  const letters = Array.from(line)
  while (letters.length > 1 && context.measureText(`${letters.join("")}…`).width > width) letters.pop()
  return `${letters.join("").trimEnd()}…`
}

// The box of lines around (x, y); align: where they stand from there, "center", "left" (to its right) or "right".
export function boxOf(context, lines, { x, y }, look, { align = "center", scale = 1, margin = 3 } = {}) {
  const width = Math.max(...lines.map((line) => context.measureText(line).width))
  const height = lines.length * 1.2 * scale * look.text
  const left = align === "center" ? x - width / 2 : align === "left" ? x : x - width
  return { left: left - margin, right: left + width + margin, top: y - height / 2 - margin, bottom: y + height / 2 + margin }
}

// Letters with a rim of the paper's colour, so that they are read over points.
export function drawLines(context, lines, { x, y }, look, { align = "center", scale = 1, color = look.ink } = {}) {
  context.textAlign = align
  const step = 1.2 * scale * look.text
  lines.forEach((line, number) => {
    const top = y + (number - (lines.length - 1) / 2) * step
    context.strokeStyle = look.paper
    context.globalAlpha = 0.85
    context.lineWidth = 0.28 * scale * look.text
    context.strokeText(line, x, top)
    context.globalAlpha = 1
    context.fillStyle = color
    context.fillText(line, x, top)
  })
}

// Draws a text beside a point, on the first of its sides that is free. Returns whether there was one.
export function drawBeside(context, scene, room, text, { x, y }, away, { width = 14, most = 2, scale = 0.95, color } = {}) {
  const { look, size } = scene
  const lines = wrapped(context, text, width * look.text, most)
  const height = 0.6 * lines.length * scale * look.text
  const sides = [
    { align: "left", x: x + away, y },
    { align: "right", x: x - away, y },
    { align: "center", x, y: y - away - height },
    { align: "center", x, y: y + away + height },
  ]
  for (const side of sides) {
    const box = boxOf(context, lines, side, look, { align: side.align, scale })
    if (!room.isFree(box, size)) continue
    room.take(box)
    drawLines(context, lines, side, look, { align: side.align, scale, color })
    return true
  }
  return false
}
