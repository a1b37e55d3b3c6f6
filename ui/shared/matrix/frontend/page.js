// The stand-alone page: the same viewer, with the matrix out of the page itself.
import { fromBase64 } from "../../frontend/bytes.js"
import { matrixOf } from "./matrix.js"
import { MatrixViewer } from "./viewer.js"

const LEAST_PAGE = 320

const data = JSON.parse(document.getElementById("data").textContent)
const matrix = matrixOf(data, fromBase64(data.numbers), "page")
const viewer = new MatrixViewer(document.querySelector(".matrix-view"), () => {})

function showAgain() {
  viewer.show({ ...data, matrix, height: Math.max(LEAST_PAGE, innerHeight - 220) })
}

showAgain()
addEventListener("resize", showAgain)
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", showAgain)
