// The stand-alone page: the same map, with everything out of the page itself.
import { fromBase64 } from "../../../shared/frontend/bytes.js"
import { contentOf } from "./content.js"
import { MapView } from "./map_view.js"

const data = JSON.parse(document.getElementById("data").textContent)
const arrays = Object.fromEntries(Object.entries(data.arrays64).map(([array, text]) => [array, fromBase64(text)]))
const root = document.querySelector(".map-plot")
root.view = new MapView(root, () => {})

const showAgain = () => root.view.show(contentOf(data, arrays))
showAgain()
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", showAgain)
