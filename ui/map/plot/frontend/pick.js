// Which points are meant. All points are gone through: a hundred thousand take about a millisecond.
import { eachPlace } from "./places.js"

export function nearestTo(scene, { x, y }, within) {
  let [nearest, least] = [null, within * within]
  eachPlace(scene, scene.order, (row, left, top) => {
    const distance = (left - x) ** 2 + (top - y) ** 2
    if (distance <= least) [nearest, least] = [row, distance]
  })
  return nearest
}

// The point to go to from a place with an arrow key: near, and rather ahead than aside.
export function nextTo(scene, start, [down, right], except) {
  let [next, least] = [null, Infinity]
  eachPlace(scene, scene.order, (row, x, y) => {
    if (row === except) return
    const ahead = (x - start.x) * right + (y - start.y) * down
    const aside = Math.abs((x - start.x) * down) + Math.abs((y - start.y) * right)
    if (ahead <= 0.01 || aside > 1.2 * ahead) return
    const cost = ahead + 2 * aside
    if (cost < least) [next, least] = [row, cost]
  })
  return next
}

export function insideBox(scene, first, second) {
  const [left, right] = [Math.min(first.x, second.x), Math.max(first.x, second.x)]
  const [top, bottom] = [Math.min(first.y, second.y), Math.max(first.y, second.y)]
  const rows = []
  eachPlace(scene, scene.order, (row, x, y) => {
    if (x >= left && x <= right && y >= top && y <= bottom) rows.push(row)
  })
  return rows
}

// By how often a line to the right crosses the edge.
export function insidePolygon(scene, corners) {
  const rows = []
  eachPlace(scene, scene.order, (row, x, y) => {
    let isInside = false
    for (let index = 0, before = corners.length - 1; index < corners.length; before = index++) {
      const [a, b] = [corners[index], corners[before]]
      if (a.y > y !== b.y > y && x < ((b.x - a.x) * (y - a.y)) / (b.y - a.y) + a.x) isInside = !isInside
    }
    if (isInside) rows.push(row)
  })
  return rows
}
