// What is drawn over the points: functions of a scene (see map_view.js) and a canvas.
import { drawContours } from "./contours.js"
import { drawBeside, Room, useFont } from "./labels.js"
import { drawNames } from "./names.js"
import { eachPlace, fewInView, isInside, placeAt, placeOf } from "./places.js"

const MOST_TEXTS = 60 // in view, from which on downwards texts stand beside their points
const CONTOURS_FROM = 50 // points

export function drawMarks(context, scene) {
  const room = new Room()
  const rows = rowsWithTexts(scene, room)
  if (scene.order.length >= CONTOURS_FROM) drawContours(context, scene)
  drawTrails(context, scene)
  const near = drawNeighbours(context, scene)
  drawPlaced(context, scene, room)
  drawChosen(context, scene, room)
  drawCosines(context, scene, room, near)
  const names = scene.showsNames ? drawNames(context, scene, room) : 0
  drawTexts(context, scene, room, rows)
  if (scene.cursor !== null) ring(context, scene, placeOf(scene, scene.cursor), 3, 1.8)
  return names
}

function ring(context, { look, radius }, { x, y }, away, line) {
  for (const [color, width] of [[look.paper, line + 2], [look.ink, line]]) {
    context.strokeStyle = color
    context.lineWidth = width * look.marks
    context.beginPath()
    context.arc(x, y, radius + away * look.marks, 0, 2 * Math.PI)
    context.stroke()
  }
}

function stroke(context, look, places, color, width, alpha) {
  context.beginPath()
  places.forEach(({ x, y }, number) => (number ? context.lineTo(x, y) : context.moveTo(x, y)))
  for (const [paint, wide, share] of [[look.paper, width + 2, 0.6 * alpha], [color, width, alpha]]) {
    context.strokeStyle = paint
    context.lineWidth = wide * look.marks
    context.globalAlpha = share
    context.stroke()
  }
  context.globalAlpha = 1
}

// From the first layout through all others to the last, where an arrow ends.
function drawTrails(context, scene) {
  const { trails, layouts, count } = scene.content
  for (const row of trails) {
    if (row >= count) continue
    const way = layouts.map((_layout, place) => {
      const { places } = scene.motion.layout(place)
      return placeAt(scene, [0, 1, 2].map((axis) => places[4 * row + axis] / 65535))
    })
    const [start, end] = [way[0], way.at(-1)]
    const fading = context.createLinearGradient(start.x, start.y, end.x, end.y)
    fading.addColorStop(0, `${scene.look.accent}40`)
    fading.addColorStop(1, scene.look.accent)
    stroke(context, scene.look, way, fading, 1.6, 0.9)
    drawArrow(context, scene, way.at(-2) ?? start, end)
  }
}

function drawArrow(context, { look, radius }, before, { x, y }) {
  const direction = Math.atan2(y - before.y, x - before.x)
  const long = 7 * look.marks
  context.save()
  context.translate(x - radius * Math.cos(direction), y - radius * Math.sin(direction))
  context.rotate(direction)
  context.beginPath()
  context.moveTo(0, 0)
  context.lineTo(-long, -0.45 * long)
  context.lineTo(-long, 0.45 * long)
  context.fillStyle = look.accent
  context.fill()
  context.restore()
}

// Lines to the nearest texts of the original space. Returns where these are.
function drawNeighbours(context, scene) {
  if (scene.chosen === null || scene.content.chosen?.row !== scene.chosen) return []
  const from = placeOf(scene, scene.chosen)
  const shown = scene.content.neighbours.map(({ row, cosine }) => ({ ...placeOf(scene, row), cosine }))
  for (const place of shown) stroke(context, scene.look, [from, place], scene.look.ink, 1.1, 0.75)
  for (const place of shown) ring(context, scene, place, 2, 1.3)
  return shown
}

// A cosine stands at each where there is room.
function drawCosines(context, scene, room, near) {
  useFont(context, scene.look, { weight: 600, scale: 0.9 })
  for (const place of near) {
    const text = place.cosine.toFixed(2).replace("-", "−")
    if (isInside(place, scene.size)) drawBeside(context, scene, room, text, place, scene.radius + 5, { scale: 0.9 })
  }
}

function drawPlaced(context, scene, room) {
  const { motion, look } = scene
  useFont(context, look, { weight: 600, scale: 0.95 })
  for (const { text, points } of scene.content.placed) {
    const [from, to] = [points[Math.floor(motion.place)], points[Math.ceil(motion.place)]]
    if (!from || !to) continue
    const share = motion.place % 1
    const place = placeAt(scene, to.map((value, axis) => from[axis] + (value - from[axis]) * share))
    const side = (scene.radius + 4) * look.marks
    context.beginPath()
    context.moveTo(place.x, place.y - side)
    for (const [x, y] of [[side, 0], [0, side], [-side, 0]]) context.lineTo(place.x + x, place.y + y)
    context.closePath()
    context.fillStyle = look.accent
    context.fill()
    context.strokeStyle = look.paper
    context.lineWidth = 2 * look.marks
    context.stroke()
    drawBeside(context, scene, room, text, place, side + 4, { color: look.accent })
  }
}

function drawChosen(context, scene, room) {
  if (scene.chosen === null) return
  const place = placeOf(scene, scene.chosen)
  ring(context, scene, place, 4, 2.6)
  if (!isInside(place, scene.size)) return
  const text = scene.textOf(scene.chosen)
  useFont(context, scene.look, { weight: 600, scale: 0.95 })
  if (text && !scene.content.small) drawBeside(context, scene, room, text, place, scene.radius + 9)
}

// Where few points are in view, they have their own words beside them, and no words over them.
function rowsWithTexts(scene, room) {
  if (scene.content.small || !scene.showsNames || scene.isMoving) return []
  const rows = fewInView(scene, MOST_TEXTS) ?? []
  const reach = 0.8 * scene.radius
  eachPlace(scene, rows, (_row, x, y) => room.take({ left: x - reach, right: x + reach, top: y - reach, bottom: y + reach }))
  return rows
}

function drawTexts(context, scene, room, rows) {
  useFont(context, scene.look, { scale: 0.9 })
  for (const row of rows) {
    const text = row === scene.chosen ? null : scene.textOf(row)
    if (text) drawBeside(context, scene, room, text, placeOf(scene, row), scene.radius + 4, { scale: 0.9 })
  }
}

// The area that is being drawn: a box of two corners, or a line of many.
export function drawArea(context, { look }, { corners, isBox }) {
  context.beginPath()
  if (isBox) {
    const [first, last] = [corners[0], corners.at(-1)]
    context.rect(first.x, first.y, last.x - first.x, last.y - first.y)
  } else corners.forEach(({ x, y }, number) => (number ? context.lineTo(x, y) : context.moveTo(x, y)))
  context.globalAlpha = 0.1
  context.fillStyle = look.accent
  context.fill()
  context.globalAlpha = 1
  context.strokeStyle = look.accent
  context.lineWidth = 1.5 * look.marks
  context.setLineDash([5, 4])
  context.stroke()
  context.setLineDash([])
}
