// What stands in the rail of the page Losses: the circle that was clicked, explained, and its batch as matrices.
//
// It follows the circles (view.js): they tell on the document which circle is chosen and which frame they show.
import { fromBase64 } from "../../shared/frontend/bytes.js"
import { html } from "../../shared/frontend/html.js"
import { withMinusSign } from "../../shared/frontend/numbers.js"
import { filled } from "../../shared/frontend/words.js"
import { KINDS, Matrices } from "./matrices.js"

const NUMBERS = ["cosines", "logits", "probabilities", "shares", "pushes"]
const MOVED = "simcse-circles-moved"

function unpacked(matrices) {
  const floats = (text) => (text ? new Float32Array(fromBase64(text).buffer) : null)
  return matrices && { ...matrices, ...Object.fromEntries(NUMBERS.map((name) => [name, floats(matrices[name])])) }
}

class Details {
  #root
  #data = null
  #panels = new Map()
  #matrices = null
  #kind = KINDS[0]
  #chosen = null
  #frame = 0
  #report

  constructor(root) {
    this.#root = root
    const listen = ({ detail }) => {
      if (root.isConnected) return this.#follow(detail)
      document.removeEventListener(MOVED, listen)
    }
    document.addEventListener(MOVED, listen)
  }

  #find(name) {
    return this.#root.querySelector(`.circle-details-${name}`)
  }

  // data: see ui/losses/details.py. report(targets) tells the page that the target has been edited.
  show(data, report) {
    this.#report = report
    if (this.#data?.digest === data.digest) return
    this.#data = data
    this.#panels = new Map(data.panels.map((panel) => [panel.id, { ...panel, matrices: unpacked(panel.matrices) }]))
    this.#matrices = new Matrices(this.#find("matrices"), {
      words: data.words,
      stops: data.stops,
      onEdit: (targets) => this.#report({ batch: data.batch, targets, at: Date.now() }),
    })
    const circles = document.querySelector(".circles")
    this.#frame = Number(circles?.dataset.frame ?? 0)
    const id = circles?.dataset.chosen
    this.#choose(this.#panels.has(id) ? id : data.panels[0]?.id)
  }

  #follow({ chosen, frame }) {
    if (!this.#data) return
    this.#frame = frame
    if (chosen !== this.#chosen && this.#panels.has(chosen)) this.#choose(chosen)
    else this.#draw()
  }

  #choose(id) {
    const panel = this.#panels.get(id)
    if (!panel) return
    this.#chosen = id
    const title = this.#find("title")
    title.replaceChildren(html("span", "", panel.title), ...(panel.setting ? [html("code", "", panel.setting)] : []))
    this.#find("about").replaceChildren(...panel.about.map(([name, text]) => this.#paragraph(name, text)))
    this.#show()
  }

  #paragraph(name, text) {
    const paragraph = html("p", "", name ? `: ${text}` : text)
    if (name) paragraph.prepend(html("code", "", name))
    return paragraph
  }

  #show() {
    const { matrices } = this.#panels.get(this.#chosen)
    const kinds = this.#find("kinds")
    kinds.setAttribute("aria-label", this.#data.words.batch)
    kinds.replaceChildren(...(matrices ? KINDS.map((kind) => this.#kindButton(kind)) : []))
    this.#matrices.show(matrices, this.#kind)
    this.#draw()
  }

  #kindButton(kind) {
    const button = html("button", "circle-details-kind", this.#data.words[kind])
    button.type = "button"
    button.setAttribute("aria-pressed", String(kind === this.#kind))
    button.onclick = () => {
      this.#kind = kind
      this.#show()
      this.#find("kinds").querySelector("[aria-pressed=true]").focus()
    }
    return button
  }

  #draw() {
    this.#matrices.draw(this.#frame)
    if (this.#data.tokens) this.#tokens(this.#data.tokens)
  }

  // A real sentence pooled with so many positions of padding: how many dimensions of the maximum each token wins.
  #tokens({ tokens, pad, wins, itself, others, words }) {
    const frame = Math.min(this.#frame, wins.length - 1)
    const list = html("ol", "")
    const padded = wins[frame].slice(tokens.length).reduce((sum, count) => sum + count, 0)
    const item = (token, count, kind) => {
      const entry = html("li", kind)
      entry.append(html("span", "", token), html("b", "", String(count)))
      list.append(entry)
    }
    tokens.forEach((token, position) => item(token, wins[frame][position], ""))
    if (frame) item(`${pad} × ${frame}`, padded, "circle-details-pad")
    const numbers = { n: frame, itself: itself[frame].toFixed(3), others: others[frame].toFixed(3), before: others[0].toFixed(3) }
    this.#find("tokens").replaceChildren(
      html("strong", "", words.heading),
      list,
      html("p", "", withMinusSign(filled(words.says, { ...numbers, padded }))),
    )
  }
}

export default function ({ parentElement, data, setStateValue }) {
  const root = parentElement.querySelector(".circle-details")
  root.details ??= new Details(root)
  root.details.show(data, (edit) => setStateValue("targets", edit))
}
