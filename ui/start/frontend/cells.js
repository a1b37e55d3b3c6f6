// The heatmap of a few sentences as a grid of cells. To point at a cell, or to reach it with the keyboard, shows its
// arrows; a click edits its two sentences. The sentences stand under the grid.
import { inkOn } from "../../shared/frontend/colors.js"
import { html } from "../../shared/frontend/html.js"
import { ARROWS } from "../../shared/frontend/keys.js"
import { clamp, twoDecimals } from "../../shared/frontend/numbers.js"
import { colorOf, inWords, onTheme, show } from "./pair.js"

const DARK_INK_FROM = 0.18

class Cells {
  #grid
  #list
  #data
  #pick
  #cells = [] // by row and column
  #shown = null // the pair that is looked at; null for the one that is edited

  constructor(root) {
    this.#grid = root.querySelector(".start-cells-grid")
    this.#list = root.querySelector(".start-cells-texts")
    this.#grid.addEventListener("pointerover", (event) => this.#look(pairOf(event.target)))
    this.#grid.addEventListener("pointerleave", () => this.#look(pairOf(document.activeElement)))
    this.#grid.addEventListener("focusin", (event) => this.#look(pairOf(event.target)))
    this.#grid.addEventListener("focusout", () => this.#look(null))
    this.#grid.addEventListener("click", (event) => this.#edit(pairOf(event.target)))
    this.#grid.addEventListener("keydown", (event) => this.#onKey(event))
    onTheme(() => this.#data && this.#fillAll())
  }

  show(data, pick) {
    this.#pick = pick
    if (this.#cells.length !== data.texts.length) this.#build(data.texts.length)
    this.#data = data
    this.#grid.setAttribute("aria-label", data.words.grid.replace("{n}", data.texts.length))
    this.#grid.classList.toggle("start-cells-large", data.projector)
    this.#fillAll()
    this.#list.replaceChildren(...data.texts.map((text) => html("li", "", text)))
    this.#mark()
  }

  #build(count) {
    const numbers = Array.from({ length: count }, (_, index) => index)
    const head = rowOf([html("span"), ...numbers.map((column) => header("columnheader", column))])
    head.firstChild.setAttribute("role", "columnheader")
    head.firstChild.setAttribute("aria-hidden", "true")
    this.#cells = numbers.map((first) =>
      numbers.map((second) => {
        const cell = html("span", "start-cell")
        Object.assign(cell.dataset, { first, second })
        cell.setAttribute("role", "gridcell")
        return cell
      }),
    )
    this.#grid.style.setProperty("--count", count)
    this.#grid.replaceChildren(head, ...this.#cells.map((cells, first) => rowOf([header("rowheader", first), ...cells])))
  }

  #fillAll() {
    this.#cells.forEach((row, first) => row.forEach((cell, second) => this.#fill(cell, first, second)))
  }

  #fill(cell, first, second) {
    const cosine = this.#data.cosines[first][second]
    const color = colorOf(this.#data.colors, cosine)
    const number = twoDecimals(cosine).replace("-", "−")
    cell.textContent = this.#data.projector ? short(number) : number
    cell.style.cssText = `background: ${color}; color: ${inkOn(color, DARK_INK_FROM)}`
    cell.setAttribute("aria-label", inWords(this.#data.words.cell, this.#data, [first, second]))
  }

  #look(pair) {
    if (String(pair) === String(this.#shown)) return
    this.#shown = pair
    this.#mark()
    show(pair)
  }

  // The cell of the arrows and its mirror image are ringed, and their sentences stand out; one cell is reached by Tab.
  #mark() {
    const [first, second] = this.#shown ?? this.#data.pair
    const [focusRow, focusColumn] = pairOf(document.activeElement) ?? this.#data.pair
    this.#cells.forEach((cells, row) =>
      cells.forEach((cell, column) => {
        const isShown = (row === first && column === second) || (row === second && column === first)
        cell.classList.toggle("start-cell-shown", isShown)
        cell.tabIndex = row === focusRow && column === focusColumn ? 0 : -1
      }),
    )
    for (const [index, line] of [...this.#list.children].entries()) {
      line.classList.toggle("start-text-shown", index === first || index === second)
    }
  }

  #edit(pair) {
    if (pair && pair[0] !== pair[1]) this.#pick(pair.map((position) => position + 1).join("-"))
  }

  #onKey(event) {
    const pair = pairOf(event.target)
    if (!pair) return
    if (event.key === "Enter" || event.key === " ") this.#edit(pair)
    else if (event.key in ARROWS) {
      const last = this.#cells.length - 1
      const [row, column] = pair.map((position, axis) => clamp(position + ARROWS[event.key][axis], 0, last))
      this.#cells[row][column].focus()
    } else return
    event.preventDefault()
  }
}

// The positions of the two sentences of a cell; null for what is no cell.
function pairOf(element) {
  const cell = element?.closest?.(".start-cell")
  return cell ? [Number(cell.dataset.first), Number(cell.dataset.second)] : null
}

function rowOf(children) {
  const element = html("div", "start-cells-row")
  element.setAttribute("role", "row")
  element.append(...children)
  return element
}

function header(role, position) {
  const element = html("span", "start-cells-head", String(position + 1))
  element.setAttribute("role", role)
  return element
}

// Without a leading zero, so that it fits into a cell in large letters.
const short = (number) => (number.endsWith("1.00") ? number.slice(0, -3) : number.replace("0.", "."))

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".start-cells")
  root.cells ??= new Cells(root)
  root.cells.show(data, (pair) => setTriggerValue("picked", pair))
}
