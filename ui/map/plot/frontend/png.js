// What is seen as a PNG, for slides and papers: on white, twice as fine as on the screen, with title and legend.
import { drawMarks } from "./marks.js"
import { outline } from "./plain.js"

const FINENESS = 2
const PAD = 16

export function savePng(scene, points) {
  pngCanvas(scene, points).toBlob((blob) => {
    const link = document.createElement("a")
    link.href = URL.createObjectURL(blob)
    link.download = "map.png"
    link.click()
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
  }, "image/png")
}

function pngCanvas(scene, points) {
  const { size, look, content } = scene
  const canvas = document.createElement("canvas")
  const context = canvas.getContext("2d")
  const title = [content.title, content.layouts[Math.round(scene.motion.place)].title].filter(Boolean).join(" · ")
  const lines = legendLines(context, scene, size.width - 2 * PAD)
  const [head, foot] = [2.4 * look.text + PAD, lines.length * 1.6 * look.text + PAD]
  canvas.width = FINENESS * size.width
  canvas.height = FINENESS * (head + size.height + foot)
  context.scale(FINENESS, FINENESS)
  context.fillStyle = look.paper
  context.fillRect(0, 0, size.width, head + size.height + foot)
  context.fillStyle = look.ink
  context.textBaseline = "middle"
  context.font = `600 ${1.25 * look.text}px ${look.font}`
  context.fillText(title, PAD, PAD + 0.6 * look.text, size.width - 2 * PAD)
  points.draw(scene, FINENESS)
  context.drawImage(points.canvas, 0, head, size.width, size.height)
  context.save()
  context.translate(0, head)
  context.beginPath()
  context.rect(0, 0, size.width, size.height)
  context.clip()
  drawMarks(context, scene)
  context.restore()
  drawLegend(context, scene, lines, head + size.height + 0.8 * look.text)
  return canvas
}

// The entries of the legend in lines that fit.
function legendLines(context, { content, look }, width) {
  context.font = `${look.text}px ${look.font}`
  const { entries, title, table } = content.color
  if (table.length) return [[]]
  const named = entries.filter((entry) => entry.name)
  if (!named.length) return []
  const lines = [[]]
  let left = title ? context.measureText(title).width + look.text : 0
  for (const entry of named) {
    const wide = context.measureText(entry.name).width + 2.6 * look.text
    if (left + wide > width && lines.at(-1).length) {
      lines.push([])
      left = 0
    }
    lines.at(-1).push({ ...entry, left })
    left += wide
  }
  return lines
}

function drawLegend(context, { content, look }, lines, top) {
  const { title, table, ticks } = content.color
  context.font = `600 ${look.text}px ${look.font}`
  context.fillStyle = look.ink
  context.textAlign = "left"
  if (title && lines.length) context.fillText(title, PAD, top)
  const start = PAD + (title ? context.measureText(title).width + look.text : 0)
  context.font = `${look.text}px ${look.font}`
  if (table.length) return drawRamp(context, table, ticks, start, top, look)
  lines.forEach((line, number) => {
    for (const { name: label, color, shape, left } of line) {
      const [x, y] = [PAD + left + 0.5 * look.text, top + number * 1.6 * look.text]
      context.save()
      context.translate(x, y)
      context.fillStyle = color
      const path = new Path2D(outline(shape, 0.4 * look.text))
      fill(context, path)
      context.restore()
      context.fillStyle = look.ink
      context.fillText(label, x + 0.8 * look.text, y)
    }
  })
  return undefined
}

// Of its own, since a linter takes `fill` of a path for that of an array.
const fill = (context, ...path) => context.fill(...path)

function drawRamp(context, table, ticks, left, top, look) {
  const width = 16 * look.text
  table.slice(0, 255).forEach((color, step) => {
    context.fillStyle = color
    context.fillRect(left + (step / 255) * width, top - 0.5 * look.text, width / 255 + 0.5, 0.6 * look.text)
  })
  context.fillStyle = look.ink
  context.textAlign = "center"
  for (const { at, text } of ticks) context.fillText(text, left + at * width, top + 0.8 * look.text)
}
