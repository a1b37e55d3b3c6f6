// The buttons of the bar on top, and what only a script can say of a page: its language, and Streamlit's own words.
import { speak } from "./foreign_words.js"

const setUp = (place) => {
  const bar = place.closest(".st-key-top-bar")
  const theme = place.querySelector(".top-theme")
  const menu = place.querySelector(".top-menu")
  const showTheme = () => theme.setAttribute("aria-pressed", String(window.simcseTheme.isDark()))
  const open = (isOpen) => {
    bar?.classList.toggle("top-open", isOpen)
    menu.setAttribute("aria-expanded", String(isOpen))
  }
  theme.onclick = () => {
    window.simcseTheme.choose(!window.simcseTheme.isDark())
    showTheme()
  }
  menu.onclick = () => open(menu.getAttribute("aria-expanded") !== "true")
  if (bar) {
    bar.onkeydown = (event) => {
      if (event.key !== "Escape" || menu.getAttribute("aria-expanded") !== "true") return
      open(false)
      menu.focus()
    }
    bar.querySelector(".st-key-top-links")?.addEventListener("click", () => open(false))
  }
  showTheme()
}

export default function ({ parentElement, data }) {
  document.documentElement.lang = data.language
  for (const [name, label] of [["theme", data.dark], ["menu", data.menu]]) {
    const button = parentElement.querySelector(`.top-${name}`)
    button.setAttribute("aria-label", label)
    button.title = label
  }
  setUp(parentElement)
  return speak(data.foreign)
}
