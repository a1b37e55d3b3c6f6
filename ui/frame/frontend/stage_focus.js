// The figure's place and the rail scroll inside, so they can have the focus: else no key would reach what is below.
export default function ({ parentElement, data }) {
  const stage = parentElement.closest(".st-key-stage")
  const name = () => {
    for (const [place, label] of Object.entries(data.places)) {
      const region = stage?.querySelector(`.st-key-stage-${place}`)
      if (!region || region.getAttribute("aria-label") === label) continue
      region.tabIndex = 0
      region.setAttribute("role", "region")
      region.setAttribute("aria-label", label)
    }
  }
  name()
  if (!stage) return undefined
  const watcher = new MutationObserver(name)
  watcher.observe(stage, { childList: true, subtree: true })
  return () => watcher.disconnect()
}
