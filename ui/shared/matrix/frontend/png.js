// The whole matrix as a PNG for slides and papers: white ground, whole pixels per cell, at most 6000 pixels wide.
import { DARK_INK } from "../../frontend/colors.js"
import { clamp } from "../../frontend/numbers.js"
import { drawAxes, fitText, gutters, useText } from "./axes.js"
import { colorTable, scaleColors } from "./colors.js"
import { drawMatrix } from "./draw.js"

const SMALLEST_PNG = 1200
const PAPER = "#FFFFFF"
const LARGEST_CELLS = 5500
const PNG_FONT = "system-ui, 'Segoe UI', 'Noto Sans', 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif"

// Up to 200 sentences can be read beside their rows; above, numbers stand there.
function pngCell(count) {
  if (count <= 12) return 120
  if (count <= 60) return Math.floor(1440 / count)
  if (count <= 200) return 22
  return count <= LARGEST_CELLS ? Math.max(1, Math.floor(2600 / count)) : LARGEST_CELLS / count
}

// texts: { title, footer }; scale: { table, low, high, ticks } for white paper, see ui/shared/matrix/colors.py.
function pngCanvas(matrix, scale, texts) {
  const size = pngCell(Math.max(matrix.rows, matrix.columns))
  const side = size * matrix.columns
  const textSize = size >= 16 ? clamp(0.5 * size, 12, 28) : Math.round(clamp(side / 75, 18, 56))
  const look = { font: PNG_FONT, textSize, color: DARK_INK, paper: PAPER, labels: true, labelsFrom: 16, numbersFrom: 34 }
  const canvas = document.createElement("canvas")
  const context = canvas.getContext("2d")
  const gutter = gutters(context, matrix, 2400, look)
  const margin = 2 * textSize
  const plot = {
    start: margin,
    left: Math.round(margin + (size >= look.labelsFrom ? gutter.wide : gutter.narrow)),
    top: Math.round(margin + 4.2 * textSize),
    width: Math.ceil(side),
    height: Math.ceil(size * matrix.rows),
  }
  canvas.width = Math.max(SMALLEST_PNG, plot.left + plot.width + margin)
  canvas.height = Math.round(plot.top + plot.height + 5.6 * textSize + margin)
  const view = { row: 0, column: 0, size }
  const scene = { matrix, table: colorTable(scale.table), view, plot, look, ratio: 1 }
  drawMatrix(context, scene, null)
  drawAxes(context, scene, null)
  drawTitle(context, texts.title, margin, canvas.width - 2 * margin, look)
  const scaleWidth = clamp(plot.width, 14 * textSize, 24 * textSize)
  drawScale(context, scale, plot.left, plot.top + plot.height + 1.2 * textSize, scaleWidth, look)
  useText(context, { ...look, textSize: 0.85 * textSize })
  context.textAlign = "left"
  context.fillText(fitText(context, texts.footer, canvas.width - 2 * margin), margin, canvas.height - 0.8 * margin)
  paper(context)
  return canvas
}

function drawTitle(context, title, margin, width, look) {
  useText(context, look)
  context.textAlign = "left"
  context.font = `600 ${1.3 * look.textSize}px ${look.font}`
  context.fillText(fitText(context, title, width), margin, margin + 0.65 * look.textSize)
}

function drawScale(context, scale, left, top, width, look) {
  const height = 0.7 * look.textSize
  const colors = scaleColors(scale)
  colors.forEach((color, index) => {
    const [from, to] = [index, index + 1].map((edge) => Math.round(left + (edge / colors.length) * width))
    context.fillStyle = color
    context.fillRect(from, top, to - from, height)
  })
  useText(context, look)
  context.textAlign = "center"
  for (const { at, text } of scale.ticks) context.fillText(text, left + at * width, top + height + 0.9 * look.textSize)
}

// The gaps between cells are cut out, so the white ground is laid under all of it at the end.
function paper(context) {
  context.globalCompositeOperation = "destination-over"
  context.fillStyle = PAPER
  context.fillRect(0, 0, context.canvas.width, context.canvas.height)
}

export function savePng(matrix, scale, texts) {
  pngCanvas(matrix, scale, texts).toBlob((blob) => {
    const link = document.createElement("a")
    link.href = URL.createObjectURL(blob)
    link.download = texts.file
    link.click()
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
  }, "image/png")
}
