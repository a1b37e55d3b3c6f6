// Collects the parts of an array, in any order, and puts it on the shelf when all are here. It shows nothing itself.
//
// A part: four bytes with the length of the header; the header as JSON { key, name, digest, number, count }; bytes.
import { slot } from "./shelf.js"

const WORD = 4

export default function ({ data }) {
  const length = new DataView(data.buffer, data.byteOffset).getUint32(0, true)
  const header = JSON.parse(new TextDecoder().decode(data.subarray(WORD, WORD + length)))
  collect(slot(header.key), header, data.subarray(WORD + length))
}

function collect(entry, { name, digest, number, count }, bytes) {
  if (entry.arrays.get(name)?.digest === digest) return
  let arriving = entry.arriving.get(name)
  if (arriving?.digest !== digest) {
    arriving = { digest, pieces: [], missing: count }
    entry.arriving.set(name, arriving)
  }
  if (!arriving.pieces[number]) arriving.missing--
  arriving.pieces[number] = bytes
  if (arriving.missing > 0) return
  entry.arriving.delete(name)
  entry.arrays.set(name, { digest, bytes: joined(arriving.pieces) })
  entry.waiting()
}

// A copy: the message of Streamlit need not begin where numbers of two bytes may.
function joined(pieces) {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0))
  let offset = 0
  for (const piece of pieces) {
    whole.set(piece, offset)
    offset += piece.length
  }
  return whole
}
