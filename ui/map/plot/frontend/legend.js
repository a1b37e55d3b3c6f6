// What the colours mean: classes to switch off and on, or a bar with numbers. Names come from users: only ever set as text.
import { html } from "../../../shared/frontend/html.js"
import { svg } from "../../../shared/frontend/svg.js"
import { outline } from "./plain.js"

// onToggle(name) and onOnly(name) are called.
export function showLegend(box, { color, words }, hidden, { onToggle, onOnly }) {
  const focused = box.contains(document.activeElement) ? document.activeElement.dataset.name : null
  box.setAttribute("aria-label", words.legend)
  const parts = color.table.length ? [ramp(color, words)] : entries(color, hidden, onToggle, onOnly)
  box.replaceChildren(...parts)
  if (focused !== null) [...box.children].find((each) => each.dataset?.name === focused)?.focus({ preventScroll: true })
}

function entries({ title, entries: all }, hidden, onToggle, onOnly) {
  if (all.length === 1 && !all[0].name) return []
  const buttons = all.map(({ name: label, color, shape, count }) => {
    const button = html("button", "map-entry")
    button.type = "button"
    button.dataset.name = label
    button.title = label
    button.setAttribute("aria-pressed", String(!hidden.has(label)))
    const icon = svg("svg", { viewBox: "-8 -8 16 16", "aria-hidden": "true" })
    icon.append(svg("path", { d: outline(shape, 5.6), fill: color, stroke: "currentColor", "stroke-opacity": 0.5 }))
    button.append(icon, html("span", "", label), html("span", "map-number", count.toLocaleString()))
    button.onclick = (event) => (event.altKey || event.detail === 2 ? onOnly(label) : onToggle(label))
    return button
  })
  return title ? [html("span", "map-legend-title", title), ...buttons] : buttons
}

// What hollow points and lines mean, as long as there are some.
export function showRemarks(box, words, { hollow, contours }) {
  const remarks = [hollow && remark(ringIcon(), words.kept), contours && remark(contourIcon(), words.contours)]
  box.replaceChildren(...remarks.filter(Boolean))
}

function ramp({ title, table, ticks, none }, words) {
  const box = html("div", "map-ramp")
  const bar = html("div", "map-ramp-bar")
  const stops = Array.from({ length: 17 }, (_, stop) => table[Math.round((stop * 254) / 16)])
  bar.style.background = `linear-gradient(to right, ${stops.join(", ")})`
  box.append(html("span", "map-legend-title", title), html("span", "", ticks[0].text), bar, html("span", "", ticks.at(-1).text))
  if (!none) return box
  const dot = html("span", "map-ramp-none")
  dot.style.background = table[255]
  const line = html("span", "", `${words.none} `)
  line.prepend(dot)
  line.append(html("span", "map-number", none.toLocaleString()))
  box.append(line)
  return box
}

function remark(icon, text) {
  const line = html("span", "map-remark")
  line.append(icon, html("span", "", text))
  return line
}

function ringIcon() {
  const icon = svg("svg", { viewBox: "0 0 20 20", "aria-hidden": "true" })
  icon.append(svg("circle", { cx: 10, cy: 10, r: 6 }))
  return icon
}

function contourIcon() {
  const icon = svg("svg", { viewBox: "0 0 20 20", "aria-hidden": "true" })
  icon.append(svg("circle", { cx: 10, cy: 10, r: 8 }), svg("circle", { cx: 11, cy: 9, r: 4 }))
  return icon
}
