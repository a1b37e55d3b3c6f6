// What has arrived for the maps of this tab, by key: arrays by their digest, texts by their row. They come as messages of
// their own, so that another colour does not send the points again. On globalThis, because each component has a script,
// and so a module, of its own.
const shelf = (globalThis.simcseMaps ??= new Map())

export function slot(key) {
  if (!shelf.has(key)) {
    const empty = { arrays: new Map(), arriving: new Map(), content: "", texts: new Map(), ask: null }
    shelf.set(key, { ...empty, waiting: () => {}, answered: () => {} })
  }
  return shelf.get(key)
}

// Calls use(arrays by name) as soon as all are there; digests: { name: digest }.
export function whenHere(key, digests, use) {
  const entry = slot(key)
  entry.waiting = () => {
    const arrays = Object.entries(digests).map(([name, digest]) => {
      const there = entry.arrays.get(name)
      return [name, there?.digest === digest ? there.bytes : null]
    })
    if (arrays.some(([, bytes]) => !bytes)) return
    entry.waiting = () => {}
    use(Object.fromEntries(arrays))
  }
  entry.waiting()
}
