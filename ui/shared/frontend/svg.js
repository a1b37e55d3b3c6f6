// A new SVG element. Texts come from users: they are only ever set as text.
const SVG = "http://www.w3.org/2000/svg"

export function svg(name, attributes = {}, text = "") {
  const element = document.createElementNS(SVG, name)
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value)
  element.textContent = text
  return element
}
