// A small picture out of elements of SVG: [name, attributes, text] each.
import { svg } from "../../shared/frontend/svg.js"

export default function ({ parentElement, data }) {
  const picture = parentElement.querySelector(".question-figure")
  picture.setAttribute("viewBox", `0 0 ${data.size.join(" ")}`)
  picture.setAttribute("aria-label", data.alt)
  picture.replaceChildren(...data.elements.map(([name, attributes, text]) => svg(name, attributes, text)))
}
