/** Pictures for browser tests, drawn in the page. */

/** Smooth parts, edges, no symmetry; opaque. */
export function draw(width: number, height: number): OffscreenCanvas {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context === null) throw new Error('No canvas.');
  const image = context.createImageData(width, height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const inside = x > width / 5 && x < width / 2 && y > height / 4 && y < (height * 2) / 3;
      const wave = Math.round(128 + 100 * Math.sin(x / 7) * Math.cos(y / 11));
      const rgb = inside
        ? [230, wave, 40]
        : [Math.round((x / width) * 200), wave, Math.round((y / height) * 255)];
      image.data.set([...rgb, 255], (y * width + x) * 4);
    }
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

export function drawPng(width: number, height: number): Promise<Blob> {
  return draw(width, height).convertToBlob({ type: 'image/png' });
}

export function drawJpeg(width: number, height: number): Promise<Blob> {
  return draw(width, height).convertToBlob({ type: 'image/jpeg', quality: 0.9 });
}

/** The JPEG with an EXIF block that says how it is to be turned. */
export async function withOrientation(jpeg: Blob, orientation: number): Promise<Blob> {
  // APP1: 'Exif', big-endian TIFF header, one IFD with one SHORT entry, tag 0x0112.
  const tiff = [
    0x4d,
    0x4d,
    0,
    42,
    0,
    0,
    0,
    8,
    0,
    1,
    0x01,
    0x12,
    0,
    3,
    0,
    0,
    0,
    1,
    0,
    orientation,
    0,
    0,
    0,
    0,
    0,
    0,
  ];
  const body = [0x45, 0x78, 0x69, 0x66, 0, 0, ...tiff];
  const app1 = new Uint8Array([0xff, 0xe1, 0, body.length + 2, ...body]);
  const bytes = new Uint8Array(await jpeg.arrayBuffer());
  return new Blob([bytes.slice(0, 2), app1, bytes.slice(2)], { type: 'image/jpeg' });
}

export async function toBase64(blob: Blob): Promise<string> {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}

export function fromBase64(text: string): Blob {
  return new Blob([Uint8Array.from(atob(text), (character) => character.charCodeAt(0))]);
}
