// Where points are on the stage, in CSS pixels from its upper left corner.
//
// scene: { motion, matrix, size: { width, height }, order }; order has the rows that are drawn.

// Calls use(row, x, y) for rows; in a loop of its own, because a hundred thousand are gone through while a pointer moves.
export function eachPlace({ motion: { from, to, mix }, matrix: m, size }, rows, use) {
  const unit = 1 / 65535
  for (let number = 0; number < rows.length; number++) {
    const row = rows[number]
    const at = 4 * row
    const x = (from[at] + (to[at] - from[at]) * mix) * unit
    const y = (from[at + 1] + (to[at + 1] - from[at + 1]) * mix) * unit
    const z = (from[at + 2] + (to[at + 2] - from[at + 2]) * mix) * unit
    const w = m[3] * x + m[7] * y + m[11] * z + m[15]
    const across = (m[0] * x + m[4] * y + m[8] * z + m[12]) / w
    const up = (m[1] * x + m[5] * y + m[9] * z + m[13]) / w
    use(row, (across + 1) * 0.5 * size.width, (1 - up) * 0.5 * size.height)
  }
}

export function placeOf(scene, row) {
  let place = null
  eachPlace(scene, [row], (_row, x, y) => (place = { x, y }))
  return place
}

// Of a point that is none of the texts: coordinates from 0 to 1.
export function placeAt({ matrix: m, size }, [x, y, z = 0.5]) {
  const w = m[3] * x + m[7] * y + m[11] * z + m[15]
  const [across, up] = [0, 1].map((row) => (m[row] * x + m[4 + row] * y + m[8 + row] * z + m[12 + row]) / w)
  return { x: (across + 1) * 0.5 * size.width, y: (1 - up) * 0.5 * size.height }
}

export const isInside = ({ x, y }, { width, height }, margin = 0) =>
  x >= -margin && y >= -margin && x <= width + margin && y <= height + margin

export function rowsInView(scene) {
  const rows = []
  const { width, height } = scene.size
  eachPlace(scene, scene.order, (row, x, y) => {
    if (x >= 0 && y >= 0 && x <= width && y <= height) rows.push(row)
  })
  return rows
}

// The rows in view where they are few; null as soon as they are more than `most`.
export function fewInView(scene, most) {
  const piece = 256
  let rows = []
  for (let start = 0; start < scene.order.length; start += piece) {
    const order = scene.order.subarray(start, start + piece)
    rows = rows.concat(rowsInView({ ...scene, order }))
    if (rows.length > most) return null
  }
  return rows
}
