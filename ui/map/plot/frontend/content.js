// What a map shows, out of its description and its arrays (ui/map/plot/scene.py).
//
// content: the description, with
//   layouts[i].points   Uint16Array, `dimensions` numbers a point, 0 .. 65535 stands for 0 .. 1
//   codes               Uint8Array, a place in color.entries or, without entries, in color.table
//   groups              Uint16Array, 65535 for no group; or null
//   kept                Uint8Array, 0 .. 254 stands for 0 .. 1, 255 for not known; or null
//   selection, found, leftOut   Uint8Array of bits; or null
//   texts               all of them; or null, when they have to be asked for
//   labels              more columns: { title: { cells, rows } }, a place in the cells for each row
export const NO_GROUP = 65535
// Of a point, a bit each; the shader in shaders.js has the same numbers.
export const FLAGS = { UNSURE: 1, DIM: 2, FOUND: 4 }

export function digestsOf(description) {
  const layouts = description.layouts.map((layout, number) => [`layout-${number}`, layout.digest])
  return { ...Object.fromEntries(layouts), ...description.arrays }
}

export function contentOf(description, arrays) {
  const json = (bytes) => (bytes ? JSON.parse(new TextDecoder().decode(bytes)) : null)
  const words = (bytes) => new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2)
  const layouts = description.layouts.map((layout, number) => ({ ...layout, points: words(arrays[`layout-${number}`]) }))
  return {
    ...description,
    layouts,
    codes: arrays.color,
    groups: arrays.groups ? words(arrays.groups) : null,
    kept: arrays.kept ?? null,
    selection: arrays.selection ?? null,
    found: arrays.found ?? null,
    leftOut: arrays.leftOut ?? null,
    texts: json(arrays.texts),
    labels: json(arrays.labels) ?? {},
  }
}

export const hasBit = (bits, row) => bits !== null && ((bits[row >> 3] >> (row & 7)) & 1) === 1

// A coordinate of a point from 0 to 1; the third is in the middle where a layout has two.
export function coordinate(layout, row, axis) {
  return axis < layout.dimensions ? layout.points[row * layout.dimensions + axis] / 65535 : 0.5
}
