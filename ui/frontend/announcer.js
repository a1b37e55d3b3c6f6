// Tells screen readers what is new, each message once. What is there when the page opens is known already.
const STAYS_MS = 60_000
const said = new Map()

export default function ({ parentElement, data }) {
  let place = parentElement.querySelector(".announcer")
  if (!place) {
    place = document.createElement("div")
    place.className = "announcer"
    place.setAttribute("role", "log")
    place.setAttribute("aria-live", "polite")
    parentElement.append(place)
  }
  if (!said.has(data.about)) said.set(data.about, new Set(data.messages.map(([name]) => name)))
  const known = said.get(data.about)
  for (const [name, text] of data.messages) {
    if (known.has(name)) continue
    known.add(name)
    const line = document.createElement("p")
    line.textContent = text
    place.append(line)
    setTimeout(() => line.remove(), STAYS_MS)
  }
}
