// Streamlit speaks English only; its own short texts are replaced where they appear.
const PARTS = [
  "[data-testid=stSkipToContent]",
  "[data-testid^=stFileUploader]",
  "[data-testid=InputInstructions]",
  "[data-testid=stElementToolbar]",
  "[data-testid=stNumberInput]",
  "[data-testid=stMultiSelect]",
  "[data-testid=stSelectbox]",
  "[data-testid=stDialog]",
  "[data-testid=stCode]",
  "[data-testid=stTooltipContent]",
  "[data-testid=stStatusWidget]",
  "[role=listbox]",
].join()

/** Replace the words in the page now and whenever it changes; the returned function stops that. */
export function speak(words) {
  if (!Object.keys(words).length) return undefined
  const said = (text) => {
    const bare = text.trim()
    if (Object.hasOwn(words, bare)) return words[bare]
    return bare.endsWith(" per file") || bare.includes(" per file ") ? bare.replace("per file", words["per file"]) : null
  }
  const replace = () => {
    for (const part of document.querySelectorAll(PARTS)) {
      const texts = document.createTreeWalker(part, NodeFilter.SHOW_TEXT)
      for (let text = texts.nextNode(); text; text = texts.nextNode()) {
        const line = said(text.data)
        if (line !== null && line !== text.data) text.data = line
      }
      for (const node of [part, ...part.querySelectorAll("[aria-label], [title], [placeholder]")]) {
        for (const name of ["aria-label", "title", "placeholder"]) {
          const line = said(node.getAttribute(name) ?? "")
          if (line !== null && line !== node.getAttribute(name)) node.setAttribute(name, line)
        }
      }
    }
  }
  let isAwaited = false
  const watcher = new MutationObserver(() => {
    if (isAwaited) return
    isAwaited = true
    requestAnimationFrame(() => {
      isAwaited = false
      replace()
    })
  })
  watcher.observe(document.body, { childList: true, subtree: true })
  replace()
  return () => watcher.disconnect()
}
