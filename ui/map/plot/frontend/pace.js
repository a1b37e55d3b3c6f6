// Which share of the points is drawn while the map moves: all of them, unless that takes too long. At rest all are drawn.
import { clamp } from "../../../shared/frontend/numbers.js"

const CONTINUOUS_MS = 1500 // between two frames of one movement
const SLOW_MS = 45
const QUICK_MS = 24
const LEAST = 10_000 // points

export class Pace {
  #share = 1
  #before = -Infinity

  next(now, count, isAtRest) {
    const passed = now - this.#before
    this.#before = now
    if (isAtRest) return 1
    if (passed > SLOW_MS && passed < CONTINUOUS_MS) this.#share *= clamp(SLOW_MS / passed, 0.4, 0.9)
    else if (passed < QUICK_MS) this.#share *= 1.1
    this.#share = clamp(this.#share, Math.min(1, LEAST / Math.max(count, 1)), 1)
    return this.#share
  }
}
