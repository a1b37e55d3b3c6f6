// The map as a component: it waits for its arrays, and reports what is chosen and selected.
import { contentOf, digestsOf } from "./content.js"
import { MapView } from "./map_view.js"
import { whenHere } from "./shelf.js"

const GONE_AFTER_MS = 2000

export default function ({ parentElement, data, setStateValue }) {
  const root = parentElement.querySelector(".map-plot")
  root.report = (touched) => setStateValue("touched", { content: data.content, ...touched, at: Date.now() })
  root.view ??= new MapView(root, (touched) => root.report(touched))
  whenHere(data.key, digestsOf(data), (arrays) => root.view?.show(contentOf(data, arrays)))
  return () => setTimeout(() => giveBack(root), GONE_AFTER_MS)
}

// A browser lends few WebGL contexts: one that is no longer seen is given back.
function giveBack(root) {
  if (root.isConnected) return
  root.view?.dispose()
  root.view = null
}
