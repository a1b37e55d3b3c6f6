// A button that makes the picture in the browser and saves it.
import { savePng } from "./png.js"
import { whenHere } from "./shelf.js"

export default function ({ parentElement, data }) {
  const button = parentElement.querySelector("button")
  button.querySelector("span").textContent = data.label
  whenHere(data.key, data.digest, (matrix) => {
    button.onclick = () => savePng(matrix, data.scale, data.picture)
  })
}
