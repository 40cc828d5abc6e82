import sharp, { type Sharp } from 'sharp';

/** Steps that turn upright pixels into what a camera would have stored under each EXIF orientation (2..8). */
const storedAs: Readonly<Record<number, (image: Sharp) => Sharp>> = {
  1: (image) => image,
  2: (image) => image.flop(),
  3: (image) => image.rotate(180),
  4: (image) => image.flip(),
  // Transpositions: sharp flips before it rotates, whatever the order of the calls.
  5: (image) => image.flop().rotate(270),
  6: (image) => image.rotate(270),
  7: (image) => image.flop().rotate(90),
  8: (image) => image.rotate(90),
};

/**
 * The same upright picture, stored rotated or mirrored with the EXIF tag that undoes it.
 * @param orientation EXIF tag 0x0112, 1..8
 */
export async function orientedJpeg(upright: Buffer, orientation: number): Promise<Buffer> {
  const turn = storedAs[orientation];
  if (turn === undefined) throw new RangeError(`EXIF orientation ${orientation} is not 1..8`);
  // Two passes, because withMetadata's orientation is applied to what the first pass has made.
  const stored = await turn(sharp(upright)).png().toBuffer();
  return sharp(stored).withMetadata({ orientation }).jpeg({ quality: 95 }).toBuffer();
}
