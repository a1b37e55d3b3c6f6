// Pointer, wheel and touch on the picture, as calls of: hover(x, y), leave(), pick(x, y, isMouse), drag(x, y),
// zoom(factor, x, y), showAll(). Places are pixels from the upper left corner of the stage.
import { clamp } from "../../frontend/numbers.js"

const DRAG_FROM = 4
const WHEEL = { withCtrl: 0.006, focused: 0.002, line: 16, most: 200 }

function positionOf(event, stage) {
  const box = stage.getBoundingClientRect()
  return { x: event.clientX - box.left, y: event.clientY - box.top }
}

const distance = (first, second) => Math.hypot(first.x - second.x, first.y - second.y)

// One pointer drags, two zoom and drag; a pointer that stays where it was picks.
export function followPointers(stage, calls) {
  const held = new Map()
  let dragged = false

  stage.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return
    if (held.size === 0) dragged = false
    stage.setPointerCapture(event.pointerId)
    const now = positionOf(event, stage)
    held.set(event.pointerId, { ...now, start: now })
  })

  stage.addEventListener("pointermove", (event) => {
    const now = positionOf(event, stage)
    const pointer = held.get(event.pointerId)
    if (!pointer) return calls.hover(now.x, now.y)
    if (held.size === 1 && !dragged && distance(pointer.start, now) < DRAG_FROM) return
    dragged = true
    const [first, second] = held.values()
    const apart = second && distance(first, second)
    calls.drag((now.x - pointer.x) / held.size, (now.y - pointer.y) / held.size)
    Object.assign(pointer, now)
    if (apart) calls.zoom(distance(first, second) / apart, (first.x + second.x) / 2, (first.y + second.y) / 2)
  })

  stage.addEventListener("pointerup", (event) => {
    const pointer = held.get(event.pointerId)
    held.delete(event.pointerId)
    if (pointer && !dragged) calls.pick(pointer.start.x, pointer.start.y, event.pointerType === "mouse")
  })

  stage.addEventListener("pointercancel", (event) => held.delete(event.pointerId))
  stage.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && calls.leave())
  stage.addEventListener("dblclick", calls.showAll)
  // The browser would take two fingers for itself.
  const keepTwo = (event) => event.touches.length > 1 && event.preventDefault()
  stage.addEventListener("touchstart", keepTwo, { passive: false })
}

// Without Ctrl the wheel scrolls the page, unless the picture has the focus and there is something to zoom.
export function followWheel(stage, calls) {
  stage.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !stage.matches(":focus")) return
      const amount = clamp(event.deltaY * (event.deltaMode === 1 ? WHEEL.line : 1), -WHEEL.most, WHEEL.most)
      const { x, y } = positionOf(event, stage)
      const zoomed = calls.zoom(Math.exp(-amount * (event.ctrlKey ? WHEEL.withCtrl : WHEEL.focused)), x, y)
      if (zoomed || event.ctrlKey) event.preventDefault()
    },
    { passive: false },
  )
}
