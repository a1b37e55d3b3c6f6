// Points on a canvas by the graphics card: one draw call for all of them. What does not change stays on the card.
import { channels } from "../../../shared/frontend/colors.js"
import { LOCATIONS, sources } from "./shaders.js"

const SHAPES_FROM = 2.2 // pixels of radius: on smaller points no shape is seen

export class WebglPoints {
  canvas
  #gl
  #buffers = {}
  #programs = new Map() // by whether points have shapes
  #drawn = 0
  #uploaded = {}
  name = "webgl"

  // Throws when there is no WebGL 2. onChange is called when the card was taken away (true) and when it is back (false).
  constructor(canvas, onChange) {
    this.canvas = canvas
    this.#gl = canvas.getContext("webgl2", { antialias: false, premultipliedAlpha: true, powerPreference: "low-power" })
    if (!this.#gl) throw new Error("no WebGL 2")
    canvas.addEventListener("webglcontextlost", (event) => {
      event.preventDefault() // else it would never come back
      onChange(true)
    })
    canvas.addEventListener("webglcontextrestored", () => {
      this.#prepare()
      onChange(false)
    })
    this.#prepare()
  }

  get isLost() {
    return this.#gl.isContextLost()
  }

  #prepare() {
    const gl = this.#gl
    this.#uploaded = {}
    this.#programs.clear()
    for (const [name, at] of Object.entries(LOCATIONS)) {
      this.#buffers[name] = gl.createBuffer()
      gl.bindBuffer(gl.ARRAY_BUFFER, this.#buffers[name])
      gl.enableVertexAttribArray(at)
      if (name === "a_from" || name === "a_to") gl.vertexAttribPointer(at, 4, gl.UNSIGNED_SHORT, true, 8, 0)
      else gl.vertexAttribIPointer(at, 1, gl.UNSIGNED_BYTE, 1, 0)
    }
    this.#buffers.order = gl.createBuffer()
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.#buffers.order)
    gl.bindTexture(gl.TEXTURE_2D, gl.createTexture())
    for (const wrap of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, wrap, gl.NEAREST)
    gl.enable(gl.BLEND)
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA)
  }

  // { program, uniforms }; null when the card has just been taken away.
  #program(hasShapes) {
    if (this.#programs.has(hasShapes)) return this.#programs.get(hasShapes)
    const gl = this.#gl
    const program = gl.createProgram()
    const [vertex, fragment] = sources(hasShapes)
    for (const [type, source] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]]) {
      const shader = gl.createShader(type)
      gl.shaderSource(shader, source)
      gl.compileShader(shader)
      gl.attachShader(program, shader)
    }
    gl.linkProgram(program)
    if (gl.isContextLost()) return null
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(`WebGL: ${gl.getProgramInfoLog(program)}`)
    const uniforms = {}
    for (let number = 0; number < gl.getProgramParameter(program, gl.ACTIVE_UNIFORMS); number++) {
      const { name } = gl.getActiveUniform(program, number)
      uniforms[name] = gl.getUniformLocation(program, name)
    }
    this.#programs.set(hasShapes, { program, uniforms })
    return this.#programs.get(hasShapes)
  }

  // What is new is sent to the card; an array that was changed in place has to be another array.
  #upload({ motion, codes, flags, order, palette }) {
    const gl = this.#gl
    const send = (name, target, data) => {
      if (this.#uploaded[name] === data) return
      this.#uploaded[name] = data
      gl.bindBuffer(target, this.#buffers[name])
      gl.bufferData(target, data, gl.DYNAMIC_DRAW)
    }
    send("a_from", gl.ARRAY_BUFFER, motion.from)
    send("a_to", gl.ARRAY_BUFFER, motion.to)
    send("a_code", gl.ARRAY_BUFFER, codes)
    send("a_flags", gl.ARRAY_BUFFER, flags)
    send("order", gl.ELEMENT_ARRAY_BUFFER, order)
    this.#drawn = order.length
    if (this.#uploaded.palette === palette) return
    this.#uploaded.palette = palette
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, 256, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, palette)
  }

  // scene: see map_view.js. ratio: pixels of the canvas per CSS pixel.
  draw(scene, ratio) {
    const gl = this.#gl
    if (gl.isContextLost()) return
    const [width, height] = [scene.size.width, scene.size.height].map((length) => Math.max(1, Math.round(length * ratio)))
    if (this.canvas.width !== width) this.canvas.width = width
    if (this.canvas.height !== height) this.canvas.height = height
    this.#upload(scene)
    gl.viewport(0, 0, width, height)
    gl.clearColor(0, 0, 0, 0)
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT)
    gl[scene.isDeep ? "enable" : "disable"](gl.DEPTH_TEST)
    gl.depthFunc(gl.LEQUAL)
    const { program, uniforms: set } = this.#program(scene.radius >= SHAPES_FROM) ?? {}
    if (!program) return
    gl.useProgram(program)
    gl.uniformMatrix4fv(set.u_matrix, false, scene.matrix)
    gl.uniform1f(set.u_mix, scene.motion.mix)
    gl.uniform1f(set.u_radius, scene.radius)
    gl.uniform1f(set.u_ratio, ratio)
    gl.uniform1f(set.u_depth, scene.isDeep ? 1 : 0)
    gl.uniform1f(set.u_alpha, scene.alpha)
    gl.uniform1i(set.u_hollow, scene.marksUnsure ? 1 : 0)
    gl.uniform1i(set.u_solid, scene.isDeep ? 1 : 0)
    gl.uniform3fv(set.u_ink, channels(scene.look.ink).map((channel) => channel / 255))
    gl.uniform3fv(set.u_paper, channels(scene.look.paper).map((channel) => channel / 255))
    const count = Math.ceil(this.#drawn * scene.share) // the last ones: those that stand out are among them
    gl.drawElements(gl.POINTS, count, gl.UNSIGNED_INT, 4 * (this.#drawn - count))
  }

  dispose() {
    this.#gl.getExtension("WEBGL_lose_context")?.loseContext()
  }
}

// Four bytes for each of 256 codes: red, green, blue, shape.
export function paletteOf({ entries, table }) {
  const palette = new Uint8Array(4 * 256)
  const colors = entries.length ? entries.map((entry) => entry.color) : table
  colors.forEach((color, code) => palette.set([...channels(color), entries[code]?.shape ?? 0], 4 * code))
  return palette
}
