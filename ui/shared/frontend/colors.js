// Colours as "#rrggbb".
export const DARK_INK = "#000000"
export const LIGHT_INK = "#FFFFFF"

// [red, green, blue], each 0 to 255.
export function channels(color) {
  return [1, 3, 5].map((start) => parseInt(color.slice(start, start + 2), 16))
}

// The colour of letters on this ground. darkFrom: the luminance (0 to 1) from which on they are dark.
export function inkOn(color, darkFrom) {
  const [red, green, blue] = channels(color).map((channel) => (channel / 255) ** 2.2)
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > darkFrom ? DARK_INK : LIGHT_INK
}
