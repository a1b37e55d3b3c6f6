// Where the points are now: on the way between two layouts. A point keeps its row whatever arrives.
const STRIDE = 4 // numbers a point, so that the graphics card finds them at even places
const MIDDLE = 32768

// A layout's points with three coordinates each, the third in the middle where there are two.
function packed({ points, dimensions }, count) {
  const all = new Uint16Array(STRIDE * count)
  for (let row = 0; row < count; row++) {
    const [to, from] = [row * STRIDE, row * dimensions]
    all[to] = points[from]
    all[to + 1] = points[from + 1]
    all[to + 2] = dimensions === 3 ? points[from + 2] : MIDDLE
  }
  return all
}

export class Motion {
  #layouts = []
  from = null
  to = null
  mix = 1
  place = 0 // of the layouts, a fraction on the way between two
  isBaked = false // `from` is no layout, but where the points were when they were called elsewhere
  version = 0 // grows when `from` or `to` is another array

  constructor(count) {
    this.count = count
  }

  // The layouts may change, for instance when another one has been computed.
  set(layouts) {
    this.#layouts = layouts.map((layout, number) => {
      const before = this.#layouts[number]
      return before?.digest === layout.digest ? before : this.#known(layout) ?? this.#read(layout)
    })
  }

  #known(layout) {
    return this.#layouts.find((before) => before.digest === layout.digest)
  }

  #read(layout) {
    const places = packed(layout, this.count)
    return { digest: layout.digest, places, bounds: boundsOf(places, this.count) }
  }

  layout(place) {
    return this.#layouts[place]
  }

  jump(place) {
    this.#use(this.#layouts[place].places, this.#layouts[place].places, 1, place)
  }

  // Start on the way to a layout; `mix` then goes from 0 to 1.
  leave(place) {
    this.#use(this.#now(), this.#layouts[place].places, 0, place)
    this.isBaked = true
  }

  // Between the layouts below and above `place`.
  scrub(place) {
    const below = Math.min(Math.floor(place), this.#layouts.length - 1)
    const above = Math.min(below + 1, this.#layouts.length - 1)
    this.#use(this.#layouts[below].places, this.#layouts[above].places, place - below, place)
  }

  #use(from, to, mix, place) {
    if (from !== this.from || to !== this.to) this.version++
    Object.assign(this, { from, to, mix, place, isBaked: false })
  }

  #now() {
    if (this.mix === 1) return this.to
    if (this.mix === 0) return this.from
    return this.from.map((value, index) => value + (this.to[index] - value) * this.mix)
  }

  // Coordinates from 0 to 1.
  at(row) {
    return [0, 1, 2].map((axis) => {
      const index = row * STRIDE + axis
      return (this.from[index] + (this.to[index] - this.from[index]) * this.mix) / 65535
    })
  }
}

function boundsOf(places, count) {
  const [low, high] = [[65535, 65535, 65535], [0, 0, 0]]
  for (let row = 0; row < count; row++) {
    for (let axis = 0; axis < 3; axis++) {
      const value = places[row * STRIDE + axis]
      if (value < low[axis]) low[axis] = value
      if (value > high[axis]) high[axis] = value
    }
  }
  const unit = (values) => values.map((value) => value / 65535)
  return count ? { low: unit(low), high: unit(high) } : { low: [0, 0, 0], high: [1, 1, 1] }
}
