// The row of buttons above the map, and the help.

// calls: does(name), mode(name), toggle(name).
export function followTools(root, calls) {
  for (const button of root.querySelectorAll("[data-does]")) button.addEventListener("click", () => calls.does(button.dataset.does))
  for (const button of root.querySelectorAll("[data-mode].map-button")) {
    button.addEventListener("click", () => calls.mode(button.dataset.mode))
  }
  for (const button of root.querySelectorAll("[data-switch]")) {
    button.addEventListener("click", () => calls.toggle(button.dataset.switch))
  }
}

// switches: { names, density, unsure }: on, off, or null where there is nothing to switch.
export function showTools(root, content, { mode, switches, isDeep }) {
  const { words } = content
  const name = (selector, word) => {
    const button = root.querySelector(selector)
    button.title = word
    button.setAttribute("aria-label", word)
    return button
  }
  root.querySelector(".map-tools").setAttribute("aria-label", words.tools)
  for (const [each, word] of [["move", isDeep ? words.turn : words.move], ["box", words.box], ["lasso", words.lasso]]) {
    name(`.map-button[data-mode=${each}]`, word).setAttribute("aria-pressed", String(mode === each))
  }
  for (const [does, word] of [["out", words.zoom_out], ["in", words.zoom_in], ["fit", words.fit], ["save", words.save], ["help", words.help]]) {
    name(`[data-does=${does}]`, word)
  }
  for (const [each, isOn] of Object.entries(switches)) {
    const button = name(`[data-switch=${each}]`, words[each])
    button.hidden = isOn === null
    button.setAttribute("aria-pressed", String(isOn === true))
  }
  root.querySelector(".map-switches").hidden = Object.values(switches).every((isOn) => isOn === null)
  const [mouse, keys] = root.querySelectorAll(".map-help p")
  mouse.textContent = words.mouse
  keys.textContent = words.keys
  root.querySelector(".map-keys").textContent = words.keys
}

export function toggleHelp(root) {
  const help = root.querySelector(".map-help")
  help.hidden = !help.hidden
  root.querySelector("[data-does=help]").setAttribute("aria-expanded", String(!help.hidden))
}
