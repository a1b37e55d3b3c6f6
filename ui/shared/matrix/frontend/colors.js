// The colours of the cells and of the bar above them.
import { channels, inkOn } from "../../frontend/colors.js"

// 256 colours ("#rrggbb"), in the forms that painting needs. Red and blue share a number: one addition serves both.
export function colorTable(colors) {
  const table = { rgba: new Uint32Array(256), redBlue: new Uint32Array(256), green: new Uint32Array(256), ink: [] }
  colors.forEach((color, byte) => {
    const [red, green, blue] = channels(color)
    table.rgba[byte] = (255 << 24) | (blue << 16) | (green << 8) | red
    table.redBlue[byte] = (blue << 16) | red
    table.green[byte] = green
    table.ink[byte] = inkOn(color, 0.18)
  })
  return table
}

// The colours of the table between the ends of the scale.
export function scaleColors({ table, low, high }) {
  return table.slice(Math.round((low + 1) * 127), Math.round((high + 1) * 127) + 1)
}
