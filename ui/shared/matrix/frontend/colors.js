// The colours of the cells and of the bar above them.
import { channels, inkOn, LIGHT_INK } from "../../frontend/colors.js"

const LIGHT_FROM = 0.18 // relative luminance; the same in ui/shared/colors.py

// 256 colours ("#rrggbb"), in the forms that painting needs. Red and blue share a number: one addition serves both.
export function colorTable(colors) {
  const table = { rgba: new Uint32Array(256), redBlue: new Uint32Array(256), green: new Uint32Array(256), ink: [] }
  colors.forEach((color, byte) => {
    const [red, green, blue] = channels(color)
    table.rgba[byte] = (255 << 24) | (blue << 16) | (green << 8) | red
    table.redBlue[byte] = (blue << 16) | red
    table.green[byte] = green
    table.ink[byte] = inkOn(color, LIGHT_FROM)
  })
  return table
}

// The scale with the colours for the page that an element stands on, light or dark.
export function onPageOf(element, scale) {
  const paper = getComputedStyle(element).getPropertyValue("--st-background-color").trim() || "#FFFFFF"
  return inkOn(paper, LIGHT_FROM) === LIGHT_INK ? { ...scale, table: scale.on_dark } : scale
}

// The colours of the table between the ends of the scale.
export function scaleColors({ table, low, high }) {
  return table.slice(Math.round((low + 1) * 127), Math.round((high + 1) * 127) + 1)
}
