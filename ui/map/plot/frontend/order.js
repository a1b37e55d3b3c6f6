// Which points are drawn, and in which order.
import { hasBit } from "./content.js"

// The rows in an order of chance, the same each time: else the last class would lie over all others where they overlap.
function shuffled(count) {
  const rows = Uint32Array.from({ length: count }, (_, row) => row)
  let state = 12345
  for (let last = count - 1; last > 0; last--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    const other = state % (last + 1)
    ;[rows[last], rows[other]] = [rows[other], rows[last]]
  }
  return rows
}

const orders = new Map() // by count; a map or two

function chance(count) {
  if (!orders.has(count)) {
    if (orders.size > 8) orders.clear()
    orders.set(count, shuffled(count))
  }
  return orders.get(count)
}

// Rows that are shown; those that stand out (found, or selected) come last, over the others.
export function orderOf({ count, codes, color, leftOut, found }, hidden, selection) {
  const isHidden = color.entries.map((entry) => hidden.has(entry.name))
  const anyHidden = isHidden.some(Boolean)
  const [first, last] = [[], []]
  for (const row of chance(count)) {
    if ((anyHidden && isHidden[codes[row]]) || hasBit(leftOut, row)) continue
    ;(hasBit(found, row) || hasBit(selection, row) ? last : first).push(row)
  }
  return Uint32Array.from(first.concat(last))
}
