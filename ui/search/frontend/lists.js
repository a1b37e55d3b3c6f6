// Two ranked lists. Lines join the places of the same text; what only one of them shows is marked. A threshold is moved
// over all cosines, and its counts follow at once. Texts come from users: they are only ever set as text.
import { html } from "../../shared/frontend/html.js"
import { twoDecimals, withMinusSign } from "../../shared/frontend/numbers.js"
import { svg } from "../../shared/frontend/svg.js"
import { filled } from "../../shared/frontend/words.js"

export default function ({ parentElement, data, setStateValue }) {
  const root = parentElement.querySelector(".search-lists")
  root.classList.toggle("search-large", data.projector)
  const sections = [...root.querySelectorAll(".search-column")]
  const threshold = () => (data.spread ? Number(root.querySelector(".search-threshold").value) : -Infinity)

  drawSpread(root, data, (value) => setStateValue("threshold", { of: data.encoder, value }), () => dim(root, threshold()))
  sections.forEach((section, side) => drawList(section, data, side))
  const hits = () => [...root.querySelectorAll(".search-hit")]
  for (const hit of hits()) {
    hit.onclick = () => {
      for (const each of hits()) each.setAttribute("aria-pressed", String(each.dataset.row === hit.dataset.row))
      drawLines(root, sections)
      setStateValue("selected", { about: data.about, row: Number(hit.dataset.row) })
    }
  }
  root.onkeydown = (event) => move(event, sections)
  dim(root, threshold())

  const draw = () => drawLines(root, sections)
  const watcher = new ResizeObserver(draw)
  for (const element of [root, ...sections.map((section) => section.querySelector("ol"))]) watcher.observe(element)
  draw()
  root.dataset.painted = data.about
  return () => watcher.disconnect()
}

function drawList(section, data, side) {
  const { title, note, empty, hits } = data.lists[side]
  const header = [html("h2", "", title), ...(note ? [html("p", "", note)] : [])]
  section.querySelector("header").replaceChildren(...header)
  section.setAttribute("aria-label", title)
  const focused = section.contains(document.activeElement) ? document.activeElement.dataset.row : null
  const items = hits.map((hit, place) => {
    const item = html("li")
    item.append(hitButton(hit, place + 1, data, side))
    return item
  })
  section.querySelector("ol").replaceChildren(...(items.length ? items : [html("li", "search-empty", empty)]))
  if (focused) section.querySelector(`[data-row="${focused}"]`)?.focus({ preventScroll: true })
}

function hitButton(hit, rank, data, side) {
  const isAlone = Boolean(hit.there)
  const button = html("button", `search-hit${isAlone ? " search-only" : ""}`)
  button.type = "button"
  button.dataset.row = hit.row
  button.dataset.value = side === 0 ? hit.value : ""
  button.setAttribute("aria-pressed", String(hit.row === data.selected))
  const foot = html("span", "search-foot")
  const track = html("span", "search-track")
  const bar = html("span", "search-bar")
  bar.style.width = `${(100 * hit.share).toFixed(1)}%`
  track.append(bar)
  foot.append(track, html("span", "search-score", hit.score))
  if (hit.right) foot.append(html("span", "search-right", `✓ ${data.words.right}`))
  if (isAlone) foot.append(html("span", "search-mark", hit.there))
  button.append(html("span", "search-rank", `${rank}`), html("span", "search-text", hit.text), foot)
  const parts = [filled(data.words.hit, { rank, text: hit.text, score: hit.score })]
  if (hit.right) parts.push(data.words.right)
  parts.push(isAlone ? hit.there : hit.rank ? filled(data.words.other, { rank: hit.rank }) : "")
  button.setAttribute("aria-label", parts.filter(Boolean).join(" "))
  return button
}

// Up and down within a list, left and right to the place of the same text in the other one, or to the same rank.
function move(event, sections) {
  const hit = event.target.closest(".search-hit")
  if (!hit || !event.key.startsWith("Arrow")) return
  const side = sections.findIndex((section) => section.contains(hit))
  const own = [...sections[side].querySelectorAll(".search-hit")]
  const other = [...sections[1 - side].querySelectorAll(".search-hit")]
  const place = own.indexOf(hit)
  const same = other.find((each) => each.dataset.row === hit.dataset.row)
  const target = {
    ArrowUp: own[place - 1],
    ArrowDown: own[place + 1],
    ArrowLeft: side === 1 ? same ?? other[Math.min(place, other.length - 1)] : null,
    ArrowRight: side === 0 ? same ?? other[Math.min(place, other.length - 1)] : null,
  }[event.key]
  event.preventDefault()
  target?.focus()
}

function drawLines(root, sections) {
  const lines = root.querySelector(".search-lines")
  const origin = lines.getBoundingClientRect()
  if (!origin.width) return
  const right = new Map([...sections[1].querySelectorAll(".search-hit")].map((hit) => [hit.dataset.row, hit]))
  const middle = (hit) => {
    const box = hit.getBoundingClientRect()
    return box.top + box.height / 2 - origin.top
  }
  const paths = [...sections[0].querySelectorAll(".search-hit")].flatMap((hit) => {
    const other = right.get(hit.dataset.row)
    if (!other) return []
    const [from, to, across] = [middle(hit), middle(other), origin.width]
    const path = `M2,${from.toFixed(1)}C${across / 2},${from.toFixed(1)} ${across / 2},${to.toFixed(1)} ${across - 2},${to.toFixed(1)}`
    const isChosen = hit.getAttribute("aria-pressed") === "true"
    return [svg("path", { d: path, class: `search-line${isChosen ? " search-chosen" : ""}` })]
  })
  lines.replaceChildren(...paths)
}

// All cosines as bars, with a threshold to move. While it moves, counts and lists follow here; the page hears of it after.
function drawSpread(root, { spread, words }, report, follow) {
  const box = root.querySelector(".search-spread")
  box.hidden = !spread
  if (!spread) return
  const { start, counts, reached, searched } = spread
  const bars = box.querySelector(".search-spread-bars")
  const most = Math.max(...counts)
  bars.setAttribute("viewBox", `0 0 ${counts.length} 30`)
  bars.setAttribute("aria-label", words.spread)
  bars.replaceChildren(
    ...counts.map((count, place) => {
      const height = count ? Math.max(1.5, (30 * Math.sqrt(count)) / Math.sqrt(most)) : 0
      return svg("rect", { x: place + 0.08, y: 30 - height, width: 0.84, height })
    }),
  )
  const slider = box.querySelector(".search-threshold")
  slider.min = start
  slider.max = (start + (counts.length - 1) / 100).toFixed(2)
  slider.value = spread.threshold ?? start
  slider.setAttribute("aria-label", words.threshold)
  const show = () => {
    const place = Math.round((Number(slider.value) - start) * 100)
    const written = withMinusSign(twoDecimals(Number(slider.value)))
    const text = filled(words.reach, { n: reached[place].toLocaleString(), all: searched.toLocaleString(), threshold: written })
    box.querySelector(".search-reach").textContent = text
    slider.setAttribute("aria-valuetext", text)
    bars.childNodes.forEach((bar, number) => bar.classList.toggle("search-reached", number >= place))
    follow()
  }
  slider.oninput = show
  slider.onchange = () => report(Number(slider.value))
  show()
}

function dim(root, threshold) {
  for (const hit of root.querySelectorAll(".search-hit")) {
    hit.classList.toggle("search-below", hit.dataset.value !== "" && Number(hit.dataset.value) < threshold - 1e-9)
  }
}
