// Names of groups at the middle of their points, the largest first, where they have room.
import { NO_GROUP } from "./content.js"
import { boxOf, drawLines, useFont, wrapped } from "./labels.js"
import { placeAt } from "./places.js"

const STYLE = { weight: 650, scale: 1.06 }
const WIDEST = 10.5 // of a line, in letters' heights
const FEWEST = 3 // points, that have a name in common
const CROWDED = 0.2 // of the stage, that names may cover

// The drawn rows of each group that has a name.
export function groupsOf({ groups, groupNames }, order) {
  if (!groups) return []
  const rows = groupNames.map(() => [])
  for (const row of order) if (groups[row] !== NO_GROUP && groups[row] < rows.length) rows[groups[row]].push(row)
  return groupNames
    .map((name, number) => ({ name, number, rows: rows[number], middles: new Map() }))
    .filter((group) => group.name && group.rows.length >= FEWEST)
    .sort((first, second) => second.rows.length - first.rows.length)
}

// The median of each coordinate, from 0 to 1; it is kept with the group for each layout.
function middleOf(group, places) {
  if (!group.middles.has(places)) {
    const median = (axis) => {
      const values = Uint16Array.from(group.rows, (row) => places[4 * row + axis]).sort()
      return values[values.length >> 1] / 65535
    }
    group.middles.set(places, [0, 1, 2].map(median))
  }
  return group.middles.get(places)
}

export function drawNames(context, scene, room) {
  const { motion, look, size } = scene
  if (motion.isBaked && motion.mix < 1) return 0 // they would not know where to be
  useFont(context, look, STYLE)
  let [free, drawn] = [CROWDED * size.width * size.height, 0]
  for (const group of scene.groups) {
    const to = middleOf(group, motion.to)
    const from = motion.mix < 1 ? middleOf(group, motion.from) : to
    const middle = to.map((value, axis) => from[axis] + (value - from[axis]) * motion.mix)
    const place = placeAt(scene, middle)
    const lines = wrapped(context, group.name, WIDEST * look.text, 2)
    const height = 1.2 * STYLE.scale * look.text
    for (const shift of [0, -0.9, 0.9]) {
      const at = { x: place.x, y: place.y + shift * height }
      const box = boxOf(context, lines, at, look, { scale: STYLE.scale, margin: 6 })
      if (!room.isFree(box, size)) continue
      free -= (box.right - box.left) * (box.bottom - box.top)
      if (free < 0) return drawn
      room.take(box)
      drawLines(context, lines, at, look, { scale: STYLE.scale })
      drawn++
      break
    }
  }
  return drawn
}
