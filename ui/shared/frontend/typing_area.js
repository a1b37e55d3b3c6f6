// A text area that reports 0.3 s after the last key. Streamlit's own reports only when it loses the focus.
import { filled } from "./words.js"

const QUIET_MS = 300
// A line without a visible letter is no text; the server reads lines in the same way (simcse_core/data/cells.py).
const INVISIBLE = /[\ufe00-\ufe0f\p{Cf}\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\uffa0]/gu

export default function ({ parentElement, data, setStateValue }) {
  const area = parentElement.querySelector("textarea")
  const count = parentElement.querySelector(".typing-area-count")
  parentElement.querySelector(".typing-area-note").textContent = data.note
  parentElement.querySelector(".typing-area").classList.toggle("typing-area-query", data.isQuery)
  count.hidden = data.isQuery
  parentElement.querySelector(".typing-area-label").textContent = data.label

  const showCount = () => {
    const lines = area.value.split(/\r\n|[\n\r]/).filter((line) => line.replace(INVISIBLE, "").trim()).length
    count.textContent = filled(data.count, { n: lines.toLocaleString() })
  }

  // The text is replaced only when the page says so (another sample), never while somebody types.
  if (area.dataset.revision !== data.revision) {
    area.dataset.revision = data.revision
    area.value = data.text
    area.rows = data.isQuery ? 2 : Math.min(Math.max(data.text.split("\n").length + 1, 6), 16)
  }

  // A typed text outlives a reload: the browser stores it for this tab, and nowhere else, until the tab is closed.
  const storageKey = `simcse-${data.name}`
  const keep = () => {
    try {
      if (area.value === data.sample) sessionStorage.removeItem(storageKey)
      else sessionStorage.setItem(storageKey, area.value)
    } catch {
      // No storage, or no room in it: the text is lost at a reload.
    }
  }
  const stored = () => {
    try {
      return sessionStorage.getItem(storageKey)
    } catch {
      return null
    }
  }
  let reported = area.value
  window.simcseRestored ??= new Set()
  if (!window.simcseRestored.has(storageKey)) {
    window.simcseRestored.add(storageKey)
    if (area.value === data.sample) area.value = stored() ?? area.value
  }
  showCount()
  const report = () => {
    clearTimeout(area.quiet)
    if (area.value === reported) return
    reported = area.value
    setStateValue("text", area.value)
    keep()
  }
  report()
  if (area.value !== data.sample) keep()
  area.oninput = () => {
    showCount()
    clearTimeout(area.quiet)
    area.quiet = setTimeout(report, QUIET_MS)
  }
  area.onblur = report
}
