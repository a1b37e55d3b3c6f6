// Runs inside the page: puts sentences into the text area and times how long it takes until the heatmap is painted.
window.typist = {
  waiting: [],

  // Milliseconds from the input event to the painted heatmap of these sentences, or of later ones.
  send(sentences, beginnings) {
    const area = document.querySelector(".typing-area textarea")
    area.focus()
    area.value = sentences.join("\n")
    const sent = { beginnings, start: performance.now() }
    const painted = new Promise((resolve) => (sent.resolve = resolve))
    if (this.waiting.push(sent) === 1) requestAnimationFrame(() => this.look())
    area.dispatchEvent(new InputEvent("input", { bubbles: true }))
    return painted
  },

  look() {
    const newest = this.waiting.findLastIndex((sent) => this.shows(sent.beginnings))
    for (const sent of this.waiting.splice(0, newest + 1)) {
      // This frame is about to be painted; when the next one begins, it has been.
      requestAnimationFrame(() => sent.resolve(performance.now() - sent.start))
    }
    if (this.waiting.length > 0) requestAnimationFrame(() => this.look())
  },

  // The sentences are on a canvas: what the picture was painted from has them.
  shows(beginnings) {
    const matrix = globalThis.simcseMatrices?.get("heatmap")?.matrix
    if (!matrix || document.querySelector(".matrix-view")?.dataset.painted !== matrix.digest) return false
    const labels = matrix.rowTexts.join("\n")
    return beginnings.every((beginning) => labels.includes(beginning))
  },
}
