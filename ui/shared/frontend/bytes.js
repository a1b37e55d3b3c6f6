// A loop, because Uint8Array.from with a function is several times slower, and a matrix has millions of bytes.
export function fromBase64(text) {
  const letters = atob(text)
  const bytes = new Uint8Array(letters.length)
  for (let index = 0; index < letters.length; index++) bytes[index] = letters.charCodeAt(index)
  return bytes
}
