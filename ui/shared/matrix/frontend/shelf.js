// The matrices of this tab, by key. They arrive as messages of their own, so that another colour or another chosen cell
// does not send megabytes again.
const shelf = (globalThis.simcseMatrices ??= new Map())

function slot(key) {
  if (!shelf.has(key)) shelf.set(key, { matrix: null, arriving: null, mounted: 0, waiting: () => {} })
  return shelf.get(key)
}

// Calls use(matrix) as soon as the matrix with this digest is there.
function whenHere(key, digest, use) {
  const own = slot(key)
  own.waiting = () => own.matrix?.digest === digest && use(own.matrix)
  own.waiting()
}
