// Stands in the head of the page, before Streamlit's own scripts.
{
  // In a frame of another host the browser keeps no cookie: runs would be nobody's, and uploads refused.
  const isForeignFrame = () => {
    try {
      return self !== top && !top.location.host
    } catch {
      return true // what belongs to another host cannot be read
    }
  }
  if (!IS_EMBEDDABLE && isForeignFrame()) {
    stop()
    location.replace(`${location.pathname}${location.search ? `${location.search}&` : "?"}simcse-in-frame`)
  }

  // Streamlit makes an entry in the browser's history for each setting that it writes into the address. One press of
  // Back shall leave the page, so an address of the same page replaces the one before.
  const push = history.pushState.bind(history)
  history.pushState = (state, title, url) => {
    const isSamePage = url && new URL(url, location.href).pathname === location.pathname
    if (isSamePage) history.replaceState(state, title, url)
    else push(state, title, url)
  }

  // Over plain http, as in a class, browsers have no clipboard for scripts; the buttons that copy use the old way, and
  // where that fails too the text is there to be copied by hand.
  const byHand = (text) => {
    const area = document.createElement("textarea")
    area.value = text
    area.readOnly = true
    area.style.cssText = "position:fixed;inset:0 auto auto 0;opacity:0"
    const focused = document.activeElement
    document.body.append(area)
    area.select()
    const isCopied = document.execCommand("copy")
    area.remove()
    focused?.focus({ preventScroll: true })
    if (!isCopied) prompt("Ctrl-C", text)
  }
  if (!navigator.clipboard) {
    const clipboard = { writeText: async (text) => byHand(text) }
    Object.defineProperty(navigator, "clipboard", { value: clipboard, configurable: true })
  }
}
