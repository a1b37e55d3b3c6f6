// A new HTML element. Texts come from users: they are only ever set as text.
export function html(name, className = "", text = "") {
  const element = document.createElement(name)
  element.className = className
  element.textContent = text
  return element
}
