// One text at a time, labelled with the keyboard: a key for each class, S skips, Backspace takes back. Keys count only while
// this part of the page has the focus, so that nothing is labelled by accident.
//
// Whoever labels fast is ahead of the server, which has to learn from each label to propose the next text. So it sends
// several texts ahead, and what is done is reported as a list that grows until the server says how much of it it has seen.
import { html } from "../../shared/frontend/html.js"
import { filled } from "../../shared/frontend/words.js"

const logs = (window.simcseLabelling ??= new Map())

function choice(key, label, className) {
  const button = html("button", className)
  button.type = "button"
  button.tabIndex = -1
  button.append(html("kbd", "", key), html("span", "", label))
  return button
}

export default function ({ parentElement, data, setStateValue }) {
  const root = parentElement.querySelector(".labelling")
  const part = (name) => root.querySelector(`.labelling-${name}`)
  if (logs.get("session") !== data.session) {
    logs.clear()
    logs.set("session", data.session)
    logs.set("events", [])
  }
  let events = logs.get("events").filter((event) => event.number > data.seen)
  logs.set("events", events)

  // What stands in the queue and has not been done here; a text that was taken back comes first again.
  const waiting = () => {
    const queue = [...data.queue]
    for (const event of events) {
      if (event.kind === "undo") queue.unshift(event.item)
      else queue.splice(queue.findIndex((item) => item.row === event.item.row), 1)
    }
    return queue
  }
  const done = () => {
    const list = [...data.done]
    for (const event of events) {
      if (event.kind === "undo") list.pop()
      else list.push({ ...event.item, label: event.label })
    }
    return list
  }

  const show = () => {
    const [item] = waiting()
    const list = done()
    part("text").textContent = item ? item.text : data.queue.length || data.left ? data.words.wait : data.words.end
    part("text").dataset.empty = !item
    const count = data.labelled + list.filter((one) => one.label !== null).length - data.done.filter((one) => one.label !== null).length
    part("count").textContent = filled(data.words.count, { n: count, total: data.total })
    for (const button of root.querySelectorAll("button")) {
      button.disabled = button.dataset.kind === "undo" ? !list.length : !item
    }
  }

  const report = (kind, item, label, said) => {
    const number = (events.at(-1)?.number ?? data.seen) + 1
    events = [...events, { number, kind, item, label }]
    logs.set("events", events)
    part("said").textContent = said
    show()
    setStateValue("events", events.map((event) => [event.number, event.kind, event.item.row, event.label]))
  }
  const label = (position) => {
    const [item] = waiting()
    if (item && position < data.classes.length) {
      report("label", item, position, filled(data.words.labelled, { label: data.classes[position] }))
    }
  }
  const skip = () => {
    const [item] = waiting()
    if (item) report("skip", item, null, data.words.skipped)
  }
  const undo = () => {
    const last = done().at(-1)
    if (last) report("undo", { row: last.row, text: last.text }, null, data.words.undone)
  }

  const drawn = JSON.stringify([data.classes, data.keys, data.words])
  if (root.dataset.drawn !== drawn) {
    root.dataset.drawn = drawn
    root.setAttribute("aria-label", data.words.help)
    part("classes").replaceChildren(...data.classes.map((name, index) => {
      const button = choice(data.keys[index].toUpperCase(), name, "labelling-class")
      button.dataset.kind = "label"
      button.dataset.position = index
      return button
    }))
    const others = [["S", data.words.skip, "skip"], ["⌫", data.words.undo, "undo"]].map(([key, name, kind]) => {
      const button = choice(key, name, "labelling-other")
      button.dataset.kind = kind
      return button
    })
    part("others").replaceChildren(...others)
  }
  root.onclick = (event) => {
    const button = event.target.closest("button")
    root.focus()
    if (!button) return
    if (button.dataset.kind === "label") label(Number(button.dataset.position))
    else if (button.dataset.kind === "skip") skip()
    else undo()
  }
  root.onkeydown = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return
    const key = event.key.toLowerCase()
    const position = data.keys.indexOf(key)
    if (position >= 0 && position < data.classes.length) label(position)
    else if (key === "s") skip()
    else if (key === "backspace") undo()
    else return
    event.preventDefault()
  }
  show()
  // It is what one came for: the keys work at once, unless somebody is at work elsewhere on the page.
  if (!root.dataset.begun && data.queue.length) {
    root.dataset.begun = "true"
    if (document.activeElement === document.body) root.focus({ preventScroll: true })
  }
  if (events.length) setStateValue("events", events.map((event) => [event.number, event.kind, event.item.row, event.label]))
}
