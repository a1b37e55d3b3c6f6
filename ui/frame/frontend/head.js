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

  // Streamlit follows the theme of the system. What was chosen in the bar on top stands in for it, on every page and
  // without loading the page anew.
  const SCHEME = "(prefers-color-scheme: dark)"
  const KEPT = "simcse-theme"
  const system = matchMedia(SCHEME)
  const stored = () => {
    try {
      return localStorage.getItem(KEPT)
    } catch {
      return null // in a frame of another host
    }
  }
  let chosen = stored()
  class Scheme extends EventTarget {
    media = SCHEME
    onchange = null
    get matches() {
      return chosen ? chosen === "dark" : system.matches
    }
  }
  const scheme = new Scheme()
  const tell = () => {
    document.documentElement.style.colorScheme = chosen ?? ""
    scheme.dispatchEvent(Object.assign(new Event("change"), { matches: scheme.matches, media: SCHEME }))
  }
  system.addEventListener("change", tell)
  const matchOther = matchMedia.bind(window)
  window.matchMedia = (query) => (query === SCHEME ? scheme : matchOther(query))
  window.simcseTheme = {
    isDark: () => scheme.matches,
    choose(isDark) {
      chosen = isDark ? "dark" : "light"
      try {
        localStorage.setItem(KEPT, chosen)
      } catch {
        // it holds until the page is left
      }
      tell()
    },
  }

  // The server sets the text of charts, so it asks how large the window is (ui/frame/projector.py).
  document.cookie = `simcse_window=${innerWidth >= 1800 ? "large" : "small"}; path=/; SameSite=Lax`
}
