/**
 * AssemblyScript, not TypeScript: the inner loops of `preprocessSimd`, which owns the memory and says where everything
 * lies. `npm run build:kernel` compiles it into `resizeKernelBytes.ts`. The formulas are those of `resizeTaps.ts`.
 */

/** Bytes that a pixel takes after the horizontal pass: int32 R, G, B and a zero. */
const STRIP_PIXEL: usize = 16;
/** Bytes that a column's taps take: where its left pixel begins in the row, then both weights, 16 bits each. */
const COLUMN: usize = 8;

/**
 * The horizontal pass over one source row. A column's two source pixels are neighbours in memory, or the right one has
 * weight 0: one load gets both. It reads up to 5 bytes past the row.
 */
export function horizontal(row: usize, channels: i32, columns: usize, width: i32, strip: usize): void {
  const end = strip + <usize>width * STRIP_PIXEL;
  // Bytes to 16-bit pairs of left and right, for the dot product. An index out of range gives 0.
  const pairs =
    channels == 3
      ? i8x16(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1)
      : i8x16(0, -1, 4, -1, 1, -1, 5, -1, 2, -1, 6, -1, -1, -1, -1, -1);
  while (strip < end) {
    const pixels = i8x16.swizzle(v128.load64_zero(row + load<u32>(columns)), pairs);
    const sums = i32x4.dot_i16x8_s(pixels, v128.load32_splat(columns, 4));
    v128.store(strip, i32x4.shr_s(sums, 4));
    columns += COLUMN;
    strip += STRIP_PIXEL;
  }
}

/**
 * The vertical pass over two strips, and (value - mean) / std in float32. Writes rows of R, of G and of B, each of
 * `width` rounded up to 4 elements, one after the other.
 *
 * @param normalise where float32 mean and std of R, of G and of B lie.
 */
export function vertical(
  upper: usize,
  lower: usize,
  upperWeight: i32,
  lowerWeight: i32,
  width: i32,
  normalise: usize,
  out: usize,
): void {
  const plane: usize = (<usize>((width + 3) & -4)) << 2;
  const end = out + plane;
  const w0 = i32x4.splat(upperWeight);
  const w1 = i32x4.splat(lowerWeight);
  const redMean = v128.load32_splat(normalise);
  const redStd = v128.load32_splat(normalise, 4);
  const greenMean = v128.load32_splat(normalise, 8);
  const greenStd = v128.load32_splat(normalise, 12);
  const blueMean = v128.load32_splat(normalise, 16);
  const blueStd = v128.load32_splat(normalise, 20);
  while (out < end) {
    const p0 = blend(v128.load(upper), v128.load(lower), w0, w1);
    const p1 = blend(v128.load(upper, 16), v128.load(lower, 16), w0, w1);
    const p2 = blend(v128.load(upper, 32), v128.load(lower, 32), w0, w1);
    const p3 = blend(v128.load(upper, 48), v128.load(lower, 48), w0, w1);
    // Four pixels of R, G, B, 0 to four values each of R, G and B.
    const rg01 = v128.shuffle<i32>(p0, p1, 0, 4, 1, 5);
    const rg23 = v128.shuffle<i32>(p2, p3, 0, 4, 1, 5);
    const b01 = v128.shuffle<i32>(p0, p1, 2, 6, 3, 7);
    const b23 = v128.shuffle<i32>(p2, p3, 2, 6, 3, 7);
    v128.store(out, normalised(v128.shuffle<i64>(rg01, rg23, 0, 2), redMean, redStd));
    v128.store(out + plane, normalised(v128.shuffle<i64>(rg01, rg23, 1, 3), greenMean, greenStd));
    v128.store(out + 2 * plane, normalised(v128.shuffle<i64>(b01, b23, 0, 2), blueMean, blueStd));
    upper += 4 * STRIP_PIXEL;
    lower += 4 * STRIP_PIXEL;
    out += 16;
  }
}

function blend(upper: v128, lower: v128, w0: v128, w1: v128): v128 {
  const sum = i32x4.add(i32x4.shr_s(i32x4.mul(upper, w0), 16), i32x4.shr_s(i32x4.mul(lower, w1), 16));
  return i32x4.shr_s(i32x4.add(sum, i32x4.splat(2)), 2);
}

function normalised(values: v128, mean: v128, std: v128): v128 {
  return f32x4.div(f32x4.sub(f32x4.convert_i32x4_s(values), mean), std);
}
