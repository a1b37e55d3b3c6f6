// The programs of the graphics card. A point is a square in which a shape is drawn by its distance to the edge. Points too
// small for a shape are discs: a program of its own, since software takes most of its time here.
const HEAD = "#version 300 es\n"
export const LOCATIONS = { a_from: 0, a_to: 1, a_code: 2, a_flags: 3 }

const VERTEX = `
layout(location = 0) in vec3 a_from;
layout(location = 1) in vec3 a_to;
layout(location = 2) in uint a_code;
layout(location = 3) in uint a_flags;
uniform mat4 u_matrix;
uniform float u_mix;
uniform float u_radius;
uniform float u_ratio;
uniform float u_depth;
uniform float u_alpha;
uniform bool u_hollow;
uniform sampler2D u_palette;
flat out vec4 v_color;
flat out float v_shape;
flat out float v_half;
flat out float v_radius;
flat out float v_far;
flat out uint v_flags;
void main() {
  gl_Position = u_matrix * vec4(mix(a_from, a_to, u_mix), 1.0);
  vec4 entry = texelFetch(u_palette, ivec2(int(a_code), 0), 0);
  float near = u_depth * (1.0 - gl_Position.w);
  v_flags = u_hollow ? a_flags : a_flags & 254u;
  v_far = clamp(u_depth * (0.5 - 1.4 * (1.0 - gl_Position.w)), 0.0, 1.0);
  v_shape = floor(entry.a * 255.0 + 0.5);
  v_radius = u_radius * u_ratio * (1.0 + 1.1 * near);
  v_color = vec4(entry.rgb, (a_flags & 2u) != 0u ? 0.2 : u_alpha);
#ifdef SHAPES
  v_half = v_radius * 1.25 + ((a_flags & 4u) != 0u ? 5.0 * u_ratio : 1.5);
#else
  v_half = v_radius + ((a_flags & 4u) != 0u ? 5.0 * u_ratio : 0.7);
#endif
  gl_PointSize = 2.0 * v_half;
}`

const FRAGMENT = `
precision highp float;
flat in vec4 v_color;
flat in float v_shape;
flat in float v_half;
flat in float v_radius;
flat in float v_far;
flat in uint v_flags;
uniform vec3 u_ink;
uniform vec3 u_paper;
uniform float u_ratio;
uniform bool u_solid;
out vec4 color;
#ifdef SHAPES
float plus(vec2 p, float r) {
  p = abs(p);
  return min(max(p.x - 0.38 * r, p.y - r), max(p.y - 0.38 * r, p.x - r));
}
float star(vec2 p, float r) {
  float turn = 1.2566371;
  float angle = abs(mod(atan(p.x, p.y) + 0.5 * turn, turn) - 0.5 * turn);
  vec2 q = length(p) * vec2(cos(angle), sin(angle));
  vec2 tip = vec2(r, 0.0);
  vec2 edge = 0.5 * r * vec2(cos(0.5 * turn), sin(0.5 * turn)) - tip;
  vec2 outward = normalize(vec2(edge.y, -edge.x));
  return dot(q - tip, outward);
}
float outside(vec2 p, float r) {
  int shape = int(v_shape);
  if (shape == 1) return (abs(p.x) + abs(p.y)) * 0.7071 - 0.86 * r;
  if (shape == 2) return max(abs(p.x), abs(p.y)) - 0.88 * r;
  if (shape == 3) return plus(p, 1.15 * r);
  if (shape == 4) return plus(vec2(p.x + p.y, p.x - p.y) * 0.7071, 1.18 * r);
  if (shape == 5) return max(abs(p.x) * 0.866 + 0.5 * p.y, -p.y - 0.1 * r) - 0.62 * r;
  if (shape == 6) return star(p, 1.25 * r);
  if (shape == 7) return max(abs(p.x) * 0.866 + 0.5 * abs(p.y), abs(p.y)) - 0.95 * r;
  return length(p) - (shape == 8 ? 0.62 : 1.0) * r;
}
#else
float outside(vec2 p, float r) {
  return length(p) - (v_shape > 7.5 ? 0.75 : 1.0) * r;
}
#endif
void main() {
  vec2 p = (gl_PointCoord * 2.0 - 1.0) * v_half;
  p.y = -p.y;
  float d = outside(p, v_radius);
  float line = max(0.8 * u_ratio, 0.16 * v_radius);
  vec3 fill = mix(v_color.rgb, u_paper, 0.55 * v_far);
  vec3 edge = mix(fill, u_ink, 0.38 * smoothstep(1.4, 3.2, v_radius));
  float inside = clamp(0.5 - d, 0.0, 1.0);
  float core = clamp(0.5 - d - line, 0.0, 1.0);
  vec4 point = vec4(mix(edge, fill, core), inside * v_color.a);
  if ((v_flags & 1u) != 0u) {
    float ring = max(1.0 * u_ratio, 0.3 * v_radius);
    float hole = clamp(0.5 - d - ring, 0.0, 1.0);
    point = vec4(fill, (inside - hole) * min(v_color.a, 0.8));
  }
  if ((v_flags & 4u) != 0u) {
    float around = abs(length(p) - v_radius - 2.6 * u_ratio) - 0.8 * u_ratio;
    float halo = clamp(0.5 - around, 0.0, 1.0);
    point = vec4(mix(point.rgb, u_ink, halo), max(point.a, halo));
  }
  if (point.a < (u_solid ? 0.08 : 0.01)) discard;
  color = vec4(point.rgb * point.a, point.a);
}`

// Sources of the program for points with shapes, or for small discs.
export function sources(hasShapes) {
  const define = hasShapes ? "#define SHAPES\n" : ""
  return [VERTEX, FRAGMENT].map((source) => HEAD + define + source)
}
