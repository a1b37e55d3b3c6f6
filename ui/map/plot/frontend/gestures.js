// Pointer, wheel and touch on the stage, as calls of: hover(place, isMouse), leave(), pick(place, isAdding),
// drag(right, down, isTurning), zoom(factor, place), area(corners, isDone, isAdding), hold(isHeld), refused().
// Places are { x, y } in pixels from the upper left corner of the stage. With one finger the page scrolls, unless an area is
// drawn: it takes two to move the map.
import { clamp } from "../../../shared/frontend/numbers.js"

const DRAG_FROM = 4
const WHEEL = { perPixel: 0.0022, withCtrl: 0.006, line: 16, most: 200 }

const distance = (first, second) => Math.hypot(first.x - second.x, first.y - second.y)

function placeIn(event, stage) {
  const box = stage.getBoundingClientRect()
  return { x: event.clientX - box.left, y: event.clientY - box.top }
}

// mode() is "move", "box" or "lasso".
export function followPointers(stage, mode, calls) {
  const held = new Map()
  let [dragged, corners] = [false, null]

  stage.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.target.closest("button")) return
    if (held.size === 0) dragged = false
    const now = placeIn(event, stage)
    held.set(event.pointerId, { ...now, start: now })
    const draws = mode() !== "move" || (event.shiftKey && event.pointerType === "mouse")
    corners = draws && held.size === 1 ? [now] : null
    if (event.pointerType === "mouse" || draws) stage.setPointerCapture(event.pointerId)
  })

  stage.addEventListener("pointermove", (event) => {
    const now = placeIn(event, stage)
    const pointer = held.get(event.pointerId)
    if (!pointer) return event.pointerType !== "touch" && calls.hover(now)
    if (held.size === 1 && !dragged && distance(pointer.start, now) < DRAG_FROM) return
    if (!dragged) calls.hold(true)
    dragged = true
    if (corners && held.size === 1) {
      if (distance(corners.at(-1), now) > 2) corners.push(now)
      return calls.area(corners, false)
    }
    if (held.size === 1 && event.pointerType === "touch") return // the page's
    const [first, second] = held.values()
    const apart = second && distance(first, second)
    calls.drag((now.x - pointer.x) / held.size, (now.y - pointer.y) / held.size, event.ctrlKey || event.metaKey)
    Object.assign(pointer, now)
    if (apart) calls.zoom(distance(first, second) / apart, { x: (first.x + second.x) / 2, y: (first.y + second.y) / 2 })
  })

  const end = (event) => {
    const pointer = held.get(event.pointerId)
    if (!pointer) return
    held.delete(event.pointerId)
    calls.hold(false)
    const isAdding = event.ctrlKey || event.metaKey
    if (event.type === "pointerup" && !dragged) calls.pick(pointer.start, event.pointerType !== "touch")
    else if (corners) calls.area(event.type === "pointerup" ? corners : null, true, isAdding)
    corners = null
  }
  stage.addEventListener("pointerup", end)
  stage.addEventListener("pointercancel", end)
  stage.addEventListener("pointerleave", (event) => event.pointerType !== "touch" && calls.leave())
  // The browser would take two fingers for itself.
  const keepTwo = (event) => event.touches.length > 1 && event.preventDefault()
  stage.addEventListener("touchstart", keepTwo, { passive: false })
  stage.addEventListener("touchmove", keepTwo, { passive: false })
}

// Without Ctrl the wheel scrolls the page, unless the map has the focus: a click gives it.
export function followWheel(stage, calls) {
  stage.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !stage.matches(":focus")) return calls.refused()
      event.preventDefault()
      const amount = clamp(event.deltaY * (event.deltaMode === 1 ? WHEEL.line : 1), -WHEEL.most, WHEEL.most)
      calls.zoom(Math.exp(-amount * (event.ctrlKey ? WHEEL.withCtrl : WHEEL.perPixel)), placeIn(event, stage))
    },
    { passive: false },
  )
}
