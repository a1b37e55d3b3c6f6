// Tells screen readers what is new, each message once. What is there when the page opens is known already.
const STAYS_MS = 60_000

export default function ({ parentElement, data }) {
  let log = parentElement.querySelector(".announcer")
  if (!log) {
    log = document.createElement("div")
    log.className = "announcer"
    log.setAttribute("role", "log")
    log.setAttribute("aria-live", "polite")
    parentElement.append(log)
  }
  if (log.about !== data.about) {
    log.about = data.about
    log.known = new Set(data.messages.map(([name]) => name)) // on the node: this script may be loaded anew
  }
  for (const [name, text] of data.messages) {
    if (log.known.has(name)) continue
    log.known.add(name)
    const line = document.createElement("p")
    line.textContent = text
    log.append(line)
    setTimeout(() => line.remove(), STAYS_MS)
  }
}
