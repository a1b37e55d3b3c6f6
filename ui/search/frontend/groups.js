// Groups of near-duplicate texts: the first one, and how close each other is to it.
import { html } from "../../shared/frontend/html.js"

export default function ({ parentElement, data, setStateValue }) {
  const root = parentElement.querySelector(".search-groups")
  root.classList.toggle("search-large", data.projector)
  root.setAttribute("role", "group")
  root.setAttribute("aria-label", data.label)
  const focused = root.contains(document.activeElement) ? document.activeElement.dataset.row : null
  root.replaceChildren(...data.groups.map((group) => list(group, data, setStateValue)))
  if (focused) root.querySelector(`[data-row="${focused}"]`)?.focus({ preventScroll: true })
}

function list([first, ...others], data, setStateValue) {
  const items = html("ol")
  const head = html("div", "search-member search-first")
  head.append(html("span", "search-text", first.text))
  items.append(inItem(head), ...others.map((other) => inItem(member(other, first, data, setStateValue))))
  return items
}

function member(other, first, data, setStateValue) {
  const button = html("button", "search-member")
  button.type = "button"
  button.dataset.row = other.row
  button.setAttribute("aria-pressed", String(other.row === data.selected))
  const track = html("span", "search-track")
  const bar = html("span", "search-bar")
  const share = (Number(other.score) - data.threshold) / Math.max(1 - data.threshold, 0.01)
  bar.style.width = `${Math.round(100 * Math.min(1, Math.max(0.04, share)))}%`
  track.append(bar)
  button.append(html("span", "search-text", other.text), track, html("span", "search-score", other.score))
  button.onclick = () => setStateValue("selected", { about: data.about, first: first.row, row: other.row })
  return button
}

function inItem(content) {
  const item = html("li")
  item.append(content)
  return item
}
