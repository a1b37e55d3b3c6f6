// Asks the page for texts, and puts the answer on the shelf. It shows nothing itself.
import { slot } from "./shelf.js"

export default function ({ data, setStateValue }) {
  const entry = slot(data.key)
  if (entry.content !== data.content) {
    entry.content = data.content
    entry.texts.clear()
  }
  for (const [row, text] of data.texts) entry.texts.set(row, text)
  entry.ask = (rows) => setStateValue("rows", { content: data.content, rows })
  entry.answered()
}
