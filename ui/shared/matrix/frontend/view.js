// The viewer as a component: it waits for its matrix, and reports the cell that was clicked.
import { whenHere } from "./shelf.js"
import { MatrixViewer } from "./viewer.js"

export default function ({ parentElement, data, setStateValue }) {
  const root = parentElement.querySelector(".matrix-view")
  root.report = ({ row, column }) => setStateValue("cell", [row, column, root.sentences, Date.now()])
  root.viewer ??= new MatrixViewer(root, (cell) => root.report(cell))
  if (!root.dataset.painted && data.height) root.querySelector(".matrix-stage").style.height = `${data.height}px` // the place is kept
  whenHere(data.key, data.digest, (matrix) => {
    root.sentences = data.sentences
    root.viewer.show({ ...data, matrix })
  })
}
