// Points of small maps on a 2-D canvas: a shape and a colour for each class, hollow where a point is unsure.

const TAU = 2 * Math.PI

function corners(context, x, y, radius, count, turn) {
  context.moveTo(x + radius * Math.cos(turn), y + radius * Math.sin(turn))
  for (let corner = 1; corner < count; corner++) {
    const angle = turn + (TAU * corner) / count
    context.lineTo(x + radius * Math.cos(angle), y + radius * Math.sin(angle))
  }
  context.closePath()
}

function cross(context, x, y, radius, turn) {
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)]
  const [long, thick] = [radius * 1.15, radius * 0.4]
  const outline = [[thick, long], [thick, thick], [long, thick], [long, -thick], [thick, -thick], [thick, -long]]
  const whole = [...outline, ...outline.map(([right, down]) => [-right, -down])]
  whole.forEach(([right, down], index) => {
    const at = [x + right * cos - down * sin, y + right * sin + down * cos]
    if (index) context.lineTo(...at)
    else context.moveTo(...at)
  })
  context.closePath()
}

// In the order of `SYMBOLS` in ui/shared/colors.py.
const SHAPES = [
  (context, x, y, r) => {
    context.moveTo(x + r, y)
    context.arc(x, y, r, 0, TAU)
  },
  (context, x, y, r) => corners(context, x, y, r * 1.25, 4, 0),
  (context, x, y, r) => corners(context, x, y, r * 1.25, 4, TAU / 8),
  (context, x, y, r) => cross(context, x, y, r, 0),
  (context, x, y, r) => cross(context, x, y, r, TAU / 8),
  (context, x, y, r) => corners(context, x, y, r * 1.3, 3, -TAU / 4),
  (context, x, y, r) => corners(context, x, y, r * 1.25, 5, -TAU / 4),
  (context, x, y, r) => corners(context, x, y, r * 1.15, 6, 0),
]

// A mark around (x, y). shape: any whole number from 0.
export function mark(context, x, y, radius, shape, color, isHollow) {
  context.beginPath()
  SHAPES[shape % SHAPES.length](context, x, y, radius)
  if (isHollow) {
    context.lineWidth = Math.max(1, radius * 0.35)
    context.strokeStyle = color
    context.stroke()
    return
  }
  context.fillStyle = color
  context.fill()
}

export function ring(context, x, y, radius, color, width) {
  context.beginPath()
  context.arc(x, y, radius, 0, TAU)
  context.lineWidth = width
  context.strokeStyle = color
  context.stroke()
}
