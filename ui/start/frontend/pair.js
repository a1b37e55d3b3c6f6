// What arrows and cells share: the numbers of a pair in words, and how the cells tell the arrows which pair to show.
import { clamp, twoDecimals } from "../../shared/frontend/numbers.js"
import { filled } from "../../shared/frontend/words.js"

const SHOW = "simcse-start-pair"
const DARK = "(prefers-color-scheme: dark)"

export const angleOf = (cosine) => Math.acos(clamp(cosine, -1, 1)) // in radians

export const inDegrees = (angle, digits = 1) => ((180 * angle) / Math.PI).toFixed(digits)

// The colour of a cosine, out of tables of 256 for a light page and for a dark one.
export function colorOf(colors, cosine) {
  const table = matchMedia(DARK).matches ? colors.on_dark : colors.table
  return table[Math.round((clamp(cosine, -1, 1) + 1) * 127)]
}

export function onTheme(draw) {
  matchMedia(DARK).addEventListener("change", draw)
}

// A template with the numbers of the sentences, their cosine and their angle.
export function inWords(template, { cosines }, [first, second]) {
  const cosine = cosines[first][second]
  const values = { a: first + 1, b: second + 1, cosine: twoDecimals(cosine), angle: inDegrees(angleOf(cosine)) }
  return filled(template, values)
}

// pair: positions of two sentences; null goes back to those that are edited.
export function show(pair) {
  for (const arrows of document.querySelectorAll(".start-arrows")) arrows.dispatchEvent(new CustomEvent(SHOW, { detail: pair }))
}

export function onShow(arrows, draw) {
  arrows.addEventListener(SHOW, (event) => draw(event.detail))
}
