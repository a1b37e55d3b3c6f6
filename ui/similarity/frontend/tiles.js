// A small heatmap for each layer and pooling, as a button with its score under it.
//
// data: { layers, poolings: [{ title, tiles: [{ layer, pooling, cells, score, label, best, current }] }], size, scale };
// cells are size x size bytes in base64, places in the table of colours of the scale.
import { fromBase64 } from "../../shared/frontend/bytes.js"
import { channels } from "../../shared/frontend/colors.js"
import { html } from "../../shared/frontend/html.js"
import { onPageOf } from "../../shared/matrix/frontend/colors.js"

export default function ({ parentElement, data, setStateValue }) {
  const root = parentElement.querySelector(".tiles")
  const focused = root.contains(document.activeElement) ? document.activeElement.dataset.place : ""
  const grid = html("div", "tiles-grid")
  grid.style.setProperty("--layers", data.layers.length)
  grid.style.setProperty("--poolings", data.poolings.length)
  grid.append(html("span", "tiles-pooling", data.corner), ...data.layers.map((layer) => html("span", "tiles-layer", layer)))
  const colors = onPageOf(root, data.scale).table.map(channels)
  const open = ({ layer, pooling }) => setStateValue("opened", [layer, pooling, Date.now()])
  for (const { title, tiles } of data.poolings)
    grid.append(html("span", "tiles-pooling", title), ...tiles.map((tile) => button(tile, data.size, colors, open)))
  root.replaceChildren(grid)
  if (focused) root.querySelector(`[data-place="${focused}"]`)?.focus()
}

function button(tile, size, colors, open) {
  const element = html("button", "tiles-tile")
  element.type = "button"
  element.classList.toggle("tiles-best", tile.best)
  element.classList.toggle("tiles-current", tile.current)
  element.dataset.place = `${tile.layer} ${tile.pooling}`
  element.setAttribute("aria-label", tile.label)
  element.title = tile.label
  element.append(picture(fromBase64(tile.cells), size, colors), html("span", "tiles-score", tile.score))
  element.addEventListener("click", () => open(tile))
  return element
}

function picture(cells, size, colors) {
  const canvas = document.createElement("canvas")
  canvas.width = canvas.height = size
  const image = new ImageData(size, size)
  cells.forEach((byte, place) => image.data.set([...colors[byte], 255], 4 * place))
  canvas.getContext("2d").putImageData(image, 0, 0)
  return canvas
}
