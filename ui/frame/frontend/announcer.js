// Tells screen readers what is new, each message once. What is there when the page opens is known already.
const STAYS_MS = 60_000

export default function ({ parentElement, data }) {
  let place = parentElement.querySelector(".announcer")
  if (!place) {
    place = document.createElement("div")
    place.className = "announcer"
    place.setAttribute("role", "log")
    place.setAttribute("aria-live", "polite")
    parentElement.append(place)
  }
  if (place.about !== data.about) {
    place.about = data.about
    place.known = new Set(data.messages.map(([name]) => name)) // on the node: this script may be loaded anew
  }
  for (const [name, text] of data.messages) {
    if (place.known.has(name)) continue
    place.known.add(name)
    const line = document.createElement("p")
    line.textContent = text
    place.append(line)
    setTimeout(() => line.remove(), STAYS_MS)
  }
}
