// Texts whose words are shaded by what they bring: purple closer, orange apart. Words in common are underlined.
import { html } from "../html.js"

const DEEPEST = 55 // per cent of the colour, so that letters on it can be read in light and dark

export default function ({ parentElement, data }) {
  parentElement.querySelector(".shaded-words").replaceChildren(...data.texts.flatMap(paragraphs))
}

function paragraphs({ label, parts, alt }) {
  const text = html("p", "shaded-text")
  text.append(...parts.map(part))
  return [html("p", "shaded-label", label), text, ...(alt ? [html("p", "shaded-most", alt)] : [])]
}

function part({ text, shade, common }) {
  if (shade === undefined) return document.createTextNode(text)
  const word = html("span", common ? "shaded-common" : "", text)
  if (shade) {
    const color = shade > 0 ? "#8073AC" : "#E08214"
    word.style.background = `color-mix(in srgb, ${color} ${Math.round(DEEPEST * Math.min(1, Math.abs(shade)))}%, transparent)`
  }
  return word
}
