// Takes a matrix out of its message and puts it on the shelf. It shows nothing itself.
//
// The message: 32 bytes of digest, four with the length of the header, the header as JSON, the numbers.
const DIGEST = 32

export default function ({ parentElement, data }) {
  const digest = Array.from(data.subarray(0, DIGEST), (byte) => byte.toString(16).padStart(2, "0")).join("")
  if (parentElement.matrix?.digest !== digest) {
    parentElement.matrix = unpack(data, digest)
    const own = slot(parentElement.matrix.key)
    own.matrix = parentElement.matrix
    own.waiting()
  }
  return () => {
    const { key } = parentElement.matrix
    if (shelf.get(key)?.matrix === parentElement.matrix) shelf.delete(key)
  }
}

function unpack(data, digest) {
  const length = new DataView(data.buffer, data.byteOffset).getUint32(DIGEST, true)
  const start = DIGEST + 4
  const header = JSON.parse(new TextDecoder().decode(data.subarray(start, start + length)))
  return { ...matrixOf(header, data.subarray(start + length), digest), key: header.key }
}
