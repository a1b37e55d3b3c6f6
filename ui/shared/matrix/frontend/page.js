// The stand-alone page: the same viewer, with the matrix out of the page itself.
const LEAST_PAGE = 320

const data = JSON.parse(document.getElementById("data").textContent)
const letters = atob(data.numbers)
const numbers = new Uint8Array(letters.length)
for (let at = 0; at < letters.length; at++) numbers[at] = letters.charCodeAt(at)
const matrix = matrixOf(data, numbers, "page")
const viewer = new MatrixViewer(document.querySelector(".matrix-view"), () => {})

function showAgain() {
  viewer.show({ ...data, matrix, height: Math.max(LEAST_PAGE, innerHeight - 220) })
}

showAgain()
addEventListener("resize", showAgain)
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", showAgain)
