// What a threshold does to scores whose truth is known: the numbers of simcse_core/uses/thresholds/curve.py, which a test
// holds. Something is accepted when its score is at least the threshold.

// How many of some scores, ascending, are accepted.
export function accepted(ascending, threshold) {
  let low = 0
  let high = ascending.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (ascending[middle] < threshold) low = middle + 1
    else high = middle
  }
  return ascending.length - low
}

// The four cells. right, wrong: ascending scores of what should be accepted and of what should not; missedToo: those of
// the wrong that cost as much as a miss when they are rejected, of which it counts these.
export function cells({ right, wrong, missedToo = [] }, threshold) {
  const hits = accepted(right, threshold)
  const falseAlarms = accepted(wrong, threshold)
  return {
    hits,
    misses: right.length - hits,
    falseAlarms,
    rejected: wrong.length - falseAlarms,
    missedToo: missedToo.length - accepted(missedToo, threshold),
  }
}

// Shares, each [value, low, high] with Wilson's 95 % interval; NaN where there is nothing to take a share of.
export function rates({ hits, misses, falseAlarms }) {
  const overlap = share(hits, hits + misses + falseAlarms)
  return {
    precision: share(hits, hits + falseAlarms),
    recall: share(hits, hits + misses),
    f1: overlap.map((value) => (2 * value) / (1 + value)),
  }
}

const SQUARED_Z = 1.959963984540054 ** 2

export function share(count, of) {
  if (!of) return [NaN, NaN, NaN]
  const value = count / of
  const reach = SQUARED_Z / of
  const middle = (value + reach / 2) / (1 + reach)
  const half = Math.sqrt(reach * value * (1 - value) + reach ** 2 / 4) / (1 + reach)
  return [value, count === 0 ? 0 : middle - half, count === of ? 1 : middle + half]
}

// costs: of one false alarm and of one miss.
export function cost({ misses, falseAlarms, missedToo }, costs) {
  return falseAlarms * costs[0] + (misses + missedToo) * costs[1]
}

// All thresholds that decide differently, ascending, with their cells; the last one accepts nothing.
export function steps(scores) {
  const distinct = Float64Array.from(new Set([...scores.right, ...scores.wrong])).sort()
  const all = Array.from(distinct, (threshold) => ({ threshold, ...cells(scores, threshold) }))
  if (all.length) all.push({ threshold: Infinity, ...cells(scores, Infinity) })
  return all
}

// The threshold whose errors cost least, the highest of several: in the middle between the score that it accepts and the
// next lower one. null where errors cost nothing.
export function cheapest(all, costs) {
  if (!all.length || !(costs[0] > 0 || costs[1] > 0)) return null
  const least = all.reduce((low, step) => Math.min(low, cost(step, costs)), Infinity)
  let place = all.length - 1
  while (cost(all[place], costs) > least + 1e-9) place -= 1
  const upper = place === all.length - 1 ? justAbove(all.at(-2).threshold) : all[place].threshold
  if (place === 0) return upper
  const between = (all[place - 1].threshold + upper) / 2
  return all[place - 1].threshold < between && between <= upper ? between : upper
}

// The score that is the threshold of the best F1, the lowest of several; null where nothing should be accepted.
export function bestF1(all) {
  let best = null
  let highest = -1
  for (const step of all.slice(0, -1)) {
    const f1 = (2 * step.hits) / (2 * step.hits + step.falseAlarms + step.misses)
    if (f1 > highest) [best, highest] = [step.threshold, f1]
  }
  return all.length && all[0].hits ? best : null
}

// The next number that a float of 64 bits can be.
function justAbove(value) {
  if (value === 0) return Number.MIN_VALUE
  const bits = new BigInt64Array(new Float64Array([value]).buffer)
  bits[0] += value > 0 ? 1n : -1n
  return new Float64Array(bits.buffer)[0]
}

// A calibrated probability: straight lines between some scores, ascending, and level beyond them.
export function probability({ scores, probabilities }, score) {
  const last = scores.length - 1
  if (score <= scores[0]) return probabilities[0]
  if (score >= scores[last]) return probabilities[last]
  const next = scores.length - accepted(scores, score)
  const way = (score - scores[next - 1]) / (scores[next] - scores[next - 1])
  return probabilities[next - 1] + way * (probabilities[next] - probabilities[next - 1])
}
