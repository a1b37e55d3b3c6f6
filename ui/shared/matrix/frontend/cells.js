// Collects the parts of a matrix's message, in any order, and puts the matrix on the shelf when all are here. It shows
// nothing itself.
//
// A part: 32 bytes of digest; four bytes each with how many parts there are, which one this is, and the length of the
// key; the key; a piece of the message. The message: four bytes with the length of the header, the header as JSON, the
// numbers.
import { matrixOf } from "./matrix.js"
import { slot } from "./shelf.js"

const DIGEST = 32
const WORD = 4

export default function ({ parentElement, data }) {
  const part = read(data)
  const entry = slot(part.key)
  if (!parentElement.isCounted) {
    parentElement.isCounted = true
    entry.mounted++
  }
  collect(entry, part)
  return () => {
    parentElement.isCounted = false
    entry.mounted--
    if (entry.mounted === 0) entry.matrix = entry.arriving = null
  }
}

function read(data) {
  const view = new DataView(data.buffer, data.byteOffset)
  const [count, number, length] = [0, 1, 2].map((word) => view.getUint32(DIGEST + word * WORD, true))
  const start = DIGEST + 3 * WORD
  const digest = Array.from(data.subarray(0, DIGEST), (byte) => byte.toString(16).padStart(2, "0")).join("")
  const key = new TextDecoder().decode(data.subarray(start, start + length))
  return { digest, count, number, key, piece: data.subarray(start + length) }
}

function collect(entry, { digest, count, number, piece }) {
  if (entry.matrix?.digest === digest) return
  if (entry.arriving?.digest !== digest) entry.arriving = { digest, pieces: [], missing: count }
  if (!entry.arriving.pieces[number]) entry.arriving.missing--
  entry.arriving.pieces[number] = piece
  if (entry.arriving.missing > 0) return
  entry.matrix = unpack(joined(entry.arriving.pieces), digest)
  entry.arriving = null
  entry.waiting()
}

function joined(pieces) {
  if (pieces.length === 1) return pieces[0]
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0))
  let offset = 0
  for (const piece of pieces) {
    whole.set(piece, offset)
    offset += piece.length
  }
  return whole
}

function unpack(message, digest) {
  const length = new DataView(message.buffer, message.byteOffset).getUint32(0, true)
  const header = JSON.parse(new TextDecoder().decode(message.subarray(WORD, WORD + length)))
  return matrixOf(header, message.subarray(WORD + length), digest)
}
