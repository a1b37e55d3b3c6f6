// Outlines around the origin, as the `d` of an SVG path.

export function disc(radius) {
  return `M${-radius},0a${radius},${radius} 0 1,0 ${2 * radius},0a${radius},${radius} 0 1,0 ${-2 * radius},0Z`
}

// turn: the angle of the first corner in radians, clockwise from the right.
export function polygon(corners, radius, turn) {
  const angle = (corner) => (2 * Math.PI * corner) / corners + turn
  return outline(Array.from({ length: corners }, (_, corner) => onCircle(radius, angle(corner))))
}

// Five points, one of them upwards. outer, inner: how far its corners are from the middle.
export function star(outer, inner) {
  const radius = (corner) => (corner % 2 ? inner : outer)
  return outline(Array.from({ length: 10 }, (_, corner) => onCircle(radius(corner), (corner / 5 - 0.5) * Math.PI)))
}

const onCircle = (radius, angle) => [radius * Math.cos(angle), radius * Math.sin(angle)]

function outline(points) {
  return `M${points.map(([x, y]) => `${x.toFixed(2)},${y.toFixed(2)}`).join("L")}Z`
}
