// Where a map is looked at from: functions of their arguments only. Points lie in the unit square or cube, y upwards.
//
// camera: { x, y, scale } looks at (x, y) with `scale` pixels per unit;
//         { yaw, pitch, scale, right, up } looks at the middle of a cube, turned, and moved by pixels.
// size:   { width, height } of the stage in CSS pixels.
// matrix: 16 numbers, column by column, from (x, y, z, 1) to clip space, as WebGL takes them.
import { clamp } from "../../../shared/frontend/numbers.js"

const MARGIN = 0.055 // of the shorter side
const LEAST_MARGIN = 18
const DEEPEST = 400 // times the scale that shows all
const PERSPECTIVE = 0.45
const STEEPEST = 1.5

export const isDeep = (camera) => "yaw" in camera

// Shows all of `bounds` { low: [x, y, z], high: [x, y, z] }.
export function fitted(bounds, dimensions, { width, height }) {
  const margin = Math.max(LEAST_MARGIN, MARGIN * Math.min(width, height))
  const [wide, high] = [Math.max(20, width - 2 * margin), Math.max(20, height - 2 * margin)]
  const [x, y, z] = [0, 1, 2].map((axis) => Math.max(bounds.high[axis] - bounds.low[axis], 1e-3))
  if (dimensions === 3) return { yaw: -0.6, pitch: 0.45, scale: (0.78 * Math.min(wide, high)) / Math.max(x, y, z), right: 0, up: 0 }
  const middle = (axis) => (bounds.low[axis] + bounds.high[axis]) / 2
  return { x: middle(0), y: middle(1), scale: Math.min(wide / x, high / y) }
}

export function matrixOf(camera, { width, height }) {
  const [across, upwards] = [(2 * camera.scale) / width, (2 * camera.scale) / height]
  if (!isDeep(camera)) {
    return Float32Array.of(across, 0, 0, 0, 0, upwards, 0, 0, 0, 0, 0, 0, -camera.x * across, -camera.y * upwards, 0, 1)
  }
  const [right, up, near] = axes(camera)
  const [moveRight, moveUp] = [(2 * camera.right) / width, (2 * camera.up) / height]
  const column = (axis) => {
    const w = -PERSPECTIVE * near[axis]
    return [right[axis] * across + moveRight * w, up[axis] * upwards + moveUp * w, -0.5 * near[axis], w]
  }
  const columns = [0, 1, 2].map(column)
  const origin = [0, 1, 2, 3].map((row) => -0.5 * (columns[0][row] + columns[1][row] + columns[2][row]))
  return Float32Array.of(...columns.flat(), origin[0] + moveRight, origin[1] + moveUp, origin[2], origin[3] + 1)
}

// The directions in the cube that are seen as right, up and towards the eye.
function axes({ yaw, pitch }) {
  const [cy, sy, cp, sp] = [Math.cos(yaw), Math.sin(yaw), Math.cos(pitch), Math.sin(pitch)]
  return [[cy, 0, -sy], [sy * -sp, cp, cy * -sp], [sy * cp, sp, cy * cp]]
}

export const between = (from, to, share) => from.map((value, index) => value + (to[index] - value) * share)

export function moved(camera, right, down) {
  if (isDeep(camera)) return { ...camera, right: camera.right + right, up: camera.up - down }
  return { ...camera, x: camera.x - right / camera.scale, y: camera.y + down / camera.scale }
}

export function turned(camera, right, down) {
  const pitch = clamp(camera.pitch + 0.008 * down, -STEEPEST, STEEPEST)
  return { ...camera, yaw: camera.yaw - 0.008 * right, pitch }
}

// What lies under (x, y) stays there. `least` is the camera that shows all: no farther away than half of it.
export function zoomed(camera, factor, { x, y }, { width, height }, least) {
  const scale = clamp(camera.scale * factor, least.scale / 2, least.scale * DEEPEST)
  const [right, up] = [x - width / 2, height / 2 - y]
  const ratio = scale / camera.scale
  if (isDeep(camera)) {
    return { ...camera, scale, right: right - (right - camera.right) * ratio, up: up - (up - camera.up) * ratio }
  }
  const away = 1 / camera.scale - 1 / scale
  return { x: camera.x + right * away, y: camera.y + up * away, scale }
}

export const centred = (camera, [x, y]) => (isDeep(camera) ? camera : { ...camera, x, y })
