// cv2's INTER_LINEAR on bytes, then normalise, channel order and NCHW, in one pass: the same integers
// in the same order as src/detector/preprocess.ts. Divisions are left to a table made on the CPU,
// because WGSL allows them to be off in the last bits.

struct Tile {
  // First pixel of the tile in the destination, and its size there.
  to: vec2u,
  size: vec2u,
  // Source pixel that lies at (0, 0) of the texture.
  origin: vec2i,
  // Size of the whole destination, padding included.
  padded: vec2u,
  // 1: the planes are blue, green, red.
  swap: u32,
}

@group(0) @binding(0) var source: texture_2d<f32>;
// (i0, i1, w0, w1) a destination column or row; weights are 11 bits.
@group(0) @binding(1) var<storage, read> columns: array<vec4i>;
@group(0) @binding(2) var<storage, read> rows: array<vec4i>;
// (v - mean) / std of each byte v, 256 a plane.
@group(0) @binding(3) var<storage, read> normalised: array<f32>;
@group(0) @binding(4) var<storage, read_write> tensor: array<f32>;
@group(0) @binding(5) var<uniform> tile: Tile;

fn pixel(x: i32, y: i32) -> vec3i {
  return vec3i(round(textureLoad(source, vec2i(x, y) - tile.origin, 0).rgb * 255.0));
}

@compute @workgroup_size(16, 16)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (any(id.xy >= tile.size)) { return; }
  let at = tile.to + id.xy;
  let a = columns[at.x];
  let b = rows[at.y];
  let upper = pixel(a.x, b.x) * a.z + pixel(a.y, b.x) * a.w;
  let lower = pixel(a.x, b.y) * a.z + pixel(a.y, b.y) * a.w;
  let high = (b.z * (upper >> vec3u(4u))) >> vec3u(16u);
  let low = (b.w * (lower >> vec3u(4u))) >> vec3u(16u);
  var value = vec3u((high + low + 2) >> vec3u(2u));
  if (tile.swap == 1u) { value = value.zyx; }
  let plane = tile.padded.x * tile.padded.y;
  let offset = at.y * tile.padded.x + at.x;
  tensor[offset] = normalised[value.x];
  tensor[plane + offset] = normalised[256u + value.y];
  tensor[2u * plane + offset] = normalised[512u + value.z];
}
