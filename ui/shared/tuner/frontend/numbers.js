// What stands under the picture: one row a model with all that holds at the threshold.
import { html } from "../../frontend/html.js"
import { filled } from "../../frontend/words.js"
import { accepted, cells, cost, probability, rates } from "./counts.js"

const decimals = (value) => (value === value ? value.toFixed(3) : "–")

// [name, value, small line under it] of each number.
export function numbersOf(series, threshold, costs, digits, words) {
  const line = [words.threshold, threshold.toFixed(digits).replace("-", "−"), ""]
  if (!series.labelled) return [line, ...countsOf(series, threshold, words)]
  const at = cells(series, threshold)
  const shares = Object.entries(rates(at)).map(([name, [value, low, high]]) => [
    words[name],
    decimals(value),
    value === value ? filled(words.range, { low: low.toFixed(2), high: high.toFixed(2) }) : "",
  ])
  const price = cost(at, costs).toLocaleString("en", { maximumFractionDigits: 2 })
  const calibrated = series.calibrated.map((curve) => [curve.name, decimals(probability(curve, threshold)), ""])
  return [line, ...shares, [words.cost, price, ""], ...calibrated]
}

function countsOf({ all }, threshold, words) {
  const count = accepted(all, threshold)
  return [[words.accepted, count.toLocaleString("en"), ""], [words.rejected, (all.length - count).toLocaleString("en"), ""]]
}

export function drawTable(table, rows, names) {
  const [head, body] = [table.tHead, table.tBodies[0]]
  table.toggleAttribute("data-several", names.length > 1)
  const signature = JSON.stringify([names, rows.map((row) => row.map(([name]) => name))])
  if (table.signature !== signature) {
    table.signature = signature
    const heads = html("tr")
    heads.append(headOf("", "col"), ...rows[0].map(([name]) => headOf(name, "col")))
    head.replaceChildren(heads)
    body.replaceChildren(...rows.map((row, index) => bodyRow(row, names[index])))
  }
  rows.forEach((row, index) => row.forEach(([, value, note], column) => {
    const cell = body.rows[index].cells[column + 1]
    cell.firstChild.textContent = value
    cell.lastChild.textContent = note
  }))
}

function headOf(text, scope) {
  const cell = html("th", "", text)
  cell.scope = scope
  return cell
}

function bodyRow(row, title) {
  const line = html("tr")
  const values = row.map(([name]) => {
    const cell = html("td")
    cell.dataset.label = name
    cell.append(html("span"), html("small"))
    return cell
  })
  line.append(headOf(title, "row"), ...values)
  return line
}
