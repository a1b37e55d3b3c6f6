// What is pointed at, beside the pointer. Texts come from users: they are only ever set as text.
import { filled } from "../../../shared/frontend/words.js"

const NO_VALUE = 255

// What the colour says of a text, and how much of its neighbourhood the map keeps.
export function aboutRow({ color, codes, kept, labels, words }, row) {
  const others = Object.entries(labels).filter(([title]) => title !== color.title)
  const parts = others.map(([, { cells, rows }]) => cells[rows[row]])
  if (color.entries.length) parts.push(color.entries[codes[row]]?.name)
  else if (codes[row] !== NO_VALUE) {
    const value = color.low + ((color.high - color.low) * codes[row]) / 254
    parts.push(`${color.title} ≈ ${value.toFixed(color.digits).replace("-", "−")}`)
  }
  if (kept && kept[row] !== NO_VALUE) parts.push(filled(words.keeps, { percent: Math.round((100 * kept[row]) / 254) }))
  return parts.filter(Boolean).join(" · ")
}

// A chosen text has its words on the map already.
export function showTip(stage, content, row, place, text) {
  const tip = stage.querySelector(".map-tip")
  tip.hidden = row === null || !place
  if (tip.hidden) return
  tip.firstElementChild.textContent = text ?? content.words.waiting
  tip.lastElementChild.textContent = aboutRow(content, row)
  const { clientWidth: width, clientHeight: height } = stage
  const { offsetWidth: wide, offsetHeight: high } = tip
  const left = place.x + 14 + wide > width ? Math.max(2, place.x - wide - 14) : place.x + 14
  const top = place.y + 14 + high > height ? Math.max(2, place.y - high - 12) : place.y + 14
  tip.style.transform = `translate(${Math.min(left, Math.max(2, width - wide - 2))}px, ${top}px)`
}
