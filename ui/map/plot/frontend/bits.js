// A bit for each text, as ui/map/plot/packing.py packs them.
import { hasBit } from "./content.js"

export function bitsOf(rows, count) {
  const bits = new Uint8Array(Math.ceil(count / 8))
  for (const row of rows) bits[row >> 3] |= 1 << (row & 7)
  return bits
}

export function rowsOf(bits, count) {
  const rows = []
  if (bits) for (let row = 0; row < count; row++) if (hasBit(bits, row)) rows.push(row)
  return rows
}

export function countOf(bits) {
  let count = 0
  for (let byte of bits ?? []) for (; byte; byte &= byte - 1) count++
  return count
}

export function toBase64(bytes) {
  let letters = ""
  for (let start = 0; start < bytes.length; start += 8192) {
    letters += String.fromCharCode(...bytes.subarray(start, start + 8192))
  }
  return btoa(letters)
}
