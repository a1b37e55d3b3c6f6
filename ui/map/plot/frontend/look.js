// Colours and sizes, out of the styles of the page.
import { clamp } from "../../../shared/frontend/numbers.js"

const PNG_FONT = "system-ui, 'Segoe UI', 'Noto Sans', 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif"

export function lookOf(root, isProjected) {
  const style = getComputedStyle(root)
  const value = (name) => style.getPropertyValue(name)
  const paper = hex(value("--st-background-color") || "#FFFFFF")
  const ink = hex(style.color)
  const text = parseFloat(style.fontSize)
  return { font: style.fontFamily, text, ink, paper, accent: hex(value("--st-primary-color") || "#5E3C99"), marks: isProjected ? 1.5 : 1 }
}

// For a saved picture: on white, whatever the page has.
export const printed = (look) => ({ ...look, font: PNG_FONT, ink: "#131119", paper: "#FFFFFF", accent: "#5E3C99" })

// Any colour of CSS as "#rrggbb".
function hex(color) {
  const context = document.createElement("canvas").getContext("2d")
  context.fillStyle = color
  context.fillRect(0, 0, 1, 1)
  const [red, green, blue] = context.getImageData(0, 0, 1, 1).data
  return `#${[red, green, blue].map((channel) => channel.toString(16).padStart(2, "0")).join("")}`
}

// How large the points are: the fewer, the larger, and a little larger when one looks closer. Pixels.
export function radiusOf(count, zoom, look, { width, height }) {
  const crowd = clamp(0.42 * Math.sqrt((width * height) / Math.max(count, 1)) ** 0.62, 1.3, 6)
  return clamp(crowd * zoom ** 0.22, 1.3, 8) * look.marks
}

export const alphaOf = (count) => (count <= 3000 ? 0.95 : count <= 20_000 ? 0.85 : 0.7)
