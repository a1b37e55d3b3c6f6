// Reports the cell of a Plotly heatmap that was clicked, with the sentences it belongs to and the time, which tells a new
// click from an old one. Streamlit's own selection knows points, not cells; and Plotly is drawn anew with every change, so
// whatever chart stands in the box is listened to.
export default function ({ parentElement, data, setStateValue }) {
  const listen = () => {
    for (const plot of document.querySelectorAll(`.st-key-${data.box} .js-plotly-plot`)) {
      if (!plot.on) continue
      plot.reportCell = (event) => {
        const cell = event.points[0]?.pointIndex
        if (Array.isArray(cell)) setStateValue("cell", [...cell, data.content, Date.now()])
      }
      if (plot.listened) continue
      plot.listened = true
      plot.on("plotly_click", (event) => plot.reportCell(event))
    }
  }
  const box = document.querySelector(`.st-key-${data.box}`) ?? parentElement
  const watcher = new MutationObserver(listen)
  watcher.observe(box, { childList: true, subtree: true })
  listen()
  return () => watcher.disconnect()
}
