// All that a pointer does, by keys on the stage. calls: go(direction), pan(direction), zoom(factor), fit(), choose(), release(),
// mark(), markGroup(), markView(), toggle(name), legend().
import { ARROWS } from "../../../shared/frontend/keys.js"

const ZOOM_STEP = 1.5

export function followKeys(stage, calls) {
  const keys = {
    "+": () => calls.zoom(ZOOM_STEP),
    "=": () => calls.zoom(ZOOM_STEP),
    "-": () => calls.zoom(1 / ZOOM_STEP),
    0: () => calls.fit(),
    Enter: () => calls.choose(),
    " ": () => calls.choose(),
    Escape: () => calls.release(),
    x: () => calls.mark(),
    g: () => calls.markGroup(),
    v: () => calls.markView(),
    n: () => calls.toggle("names"),
    d: () => calls.toggle("density"),
    u: () => calls.toggle("unsure"),
    l: () => calls.legend(),
  }
  stage.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== stage) return
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key
    if (!(key in keys) && !(key in ARROWS)) return
    event.preventDefault()
    event.stopPropagation() // Streamlit has keys of its own
    if (key in keys) keys[key]()
    else if (event.shiftKey) calls.pan(ARROWS[key])
    else calls.go(ARROWS[key])
  })
}
