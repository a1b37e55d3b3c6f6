// A template with the values of its {names}. In one pass, so that a value with {n} in it stays as it is.
export function filled(template, values) {
  return template.replace(/\{(\w+)\}/g, (placeholder, name) => values[name] ?? placeholder)
}
