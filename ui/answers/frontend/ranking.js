// One question, what is answered, and the entries that are closest, with the threshold through all of them.
import { html } from "../../shared/frontend/html.js"
import { clamp } from "../../shared/frontend/numbers.js"
import { svg as element } from "../../shared/frontend/svg.js"

const share = (value, { low, high }) => (clamp(value, low, high) - low) / (high - low)
const signed = (text) => text.replace("-", "−")

function replyCard(reply, isMain) {
  const card = html("article", "ranking-reply")
  card.toggleAttribute("data-main", isMain)
  card.toggleAttribute("data-none", !reply.has_answer)
  const title = html("h2", "", reply.by)
  title.append(html("span", "", reply.note))
  card.append(title, html("p", "", reply.text), html("small", "", reply.matched))
  return card
}

function drawChat(chat, data) {
  const signature = JSON.stringify([data.question, data.replies])
  if (chat.signature === signature) return // a screen reader would read it again
  chat.signature = signature
  chat.replaceChildren(html("p", "ranking-asked", data.question), ...data.replies.map((reply, index) => replyCard(reply, index === 0)))
}

function drawHead(head, data) {
  const track = html("span")
  const limit = html("span", "ranking-limit", data.threshold_text)
  limit.style.left = `${clamp(100 * share(data.threshold, data.axis), 8, 92)}%`
  track.append(limit)
  head.replaceChildren(track, html("span"), html("span"), html("span", "ranking-other", data.words.other))
}

function rowOf(entry, data, report) {
  const button = html("button", "ranking-row")
  button.type = "button"
  button.setAttribute("aria-pressed", String(entry.row === data.selected))
  button.toggleAttribute("data-below", entry.similarity < data.threshold)
  const track = html("span", "ranking-track")
  const bar = html("span", "ranking-bar")
  bar.style.width = `${100 * share(entry.similarity, data.axis)}%`
  track.append(bar)
  const text = html("span", "ranking-text")
  if (entry.is_right) text.append(html("b", "", `${data.words.right} `))
  text.append(entry.text)
  button.append(track, html("span", "ranking-score", signed(entry.similarity.toFixed(2))), text, html("span", "ranking-other", entry.other))
  button.onclick = () => report(entry.row)
  return button
}

// As many rows as there is room for: the first ones, and those that have to be seen.
function fitting(rows, room, height) {
  let left = Math.max(Math.floor(room / height), 4) - rows.filter((row) => row.always).length
  return rows.filter((row) => row.always || left-- > 0)
}

function drawRows(list, data, room, report) {
  const focused = [...list.querySelectorAll("button")].indexOf(document.activeElement)
  list.style.setProperty("--limit", `${100 * share(data.threshold, data.axis)}%`)
  const height = parseFloat(getComputedStyle(list).fontSize) * 2
  list.replaceChildren(...fitting(data.rows, room, height).map((entry) => {
    const item = html("li")
    item.append(rowOf(entry, data, report))
    return item
  }))
  list.querySelectorAll("button")[focused]?.focus()
}

// All entries as ticks under the bars, on the same axis.
function drawAll(strip, data, track) {
  const width = track?.clientWidth || 200
  const letter = parseFloat(getComputedStyle(strip.parentElement).getPropertyValue("--figure-text")) || 14
  const put = (name, attributes, text) => strip.append(element(name, attributes, text))
  const toX = (value) => share(value, data.axis) * width
  strip.replaceChildren()
  strip.setAttribute("height", letter * 3.4)
  strip.setAttribute("aria-label", data.words.all)
  for (const similarity of data.all) put("line", { class: "ranking-tick", x1: toX(similarity), x2: toX(similarity), y1: 2, y2: letter * 1.3 })
  put("line", { class: "ranking-line", x1: toX(data.threshold), x2: toX(data.threshold), y1: 0, y2: letter * 1.3 })
  put("line", { class: "ranking-axis", x1: 0, x2: width, y1: letter * 1.35, y2: letter * 1.35 })
  const wanted = Math.max(2, Math.floor(width / (letter * 3)))
  const every = Math.ceil(data.axis.ticks.length / wanted)
  data.axis.ticks.filter((_, index) => index % every === 0).forEach((tick) => {
    const anchor = toX(tick) < letter ? "start" : toX(tick) > width - letter ? "end" : "middle"
    put("text", { x: toX(tick), y: letter * 2.5, "text-anchor": anchor, "font-size": letter }, signed(String(tick)))
  })
  put("text", { x: width + 12, y: letter * 1.2, "font-size": letter }, data.words.all)
  put("text", { x: width + 12, y: letter * 2.5, "font-size": letter }, data.axis.name)
}

function draw(root) {
  if (!root.isConnected || !root.clientWidth) return // gone, or folded away
  const { data, report } = root
  const [head, list, strip] = [".ranking-head", ".ranking-rows", ".ranking-all"].map((name) => root.querySelector(name))
  drawAll(strip, data, root.querySelector(".ranking-track"))
  const room = root.querySelector(".ranking-scroll").clientHeight - head.offsetHeight - strip.clientHeight - 6
  drawRows(list, data, room, report)
  drawAll(strip, data, root.querySelector(".ranking-track"))
}

export default function ({ parentElement, data, setStateValue }) {
  const root = parentElement.querySelector(".ranking")
  root.classList.toggle("ranking-large", data.large)
  root.data = data
  root.report = (row) => setStateValue("entry", [row, Date.now()])
  drawChat(root.querySelector(".ranking-chat"), data)
  drawHead(root.querySelector(".ranking-head"), data)
  draw(root)
  root.observer ??= new ResizeObserver(() => {
    const size = `${root.clientWidth} ${root.querySelector(".ranking-scroll").clientHeight}`
    if (root.size !== size) draw(root)
    root.size = size
  })
  root.observer.observe(root)
}
