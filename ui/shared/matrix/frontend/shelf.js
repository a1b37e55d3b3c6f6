// The matrices of this tab, by key. They arrive as messages of their own, so that another colour or another chosen cell
// does not send megabytes again. On globalThis, because each component has a script, and so a module, of its own.
const shelf = (globalThis.simcseMatrices ??= new Map())

export function slot(key) {
  if (!shelf.has(key)) shelf.set(key, { matrix: null, arriving: null, mounted: 0, waiting: () => {} })
  return shelf.get(key)
}

// Calls use(matrix) as soon as the matrix with this digest is there.
export function whenHere(key, digest, use) {
  const entry = slot(key)
  entry.waiting = () => entry.matrix?.digest === digest && use(entry.matrix)
  entry.waiting()
}
