/** Makes small pictures of large images, where nobody who scrolls has to wait for it. */
import { assertFits } from '../../engine/client/decodeBitmap.ts';
import { decodeFailure } from '../../engine/imageHeader.ts';
import type { ShrinkAnswer, ShrinkRequest } from './shrinkMessages.ts';

addEventListener('message', (event: MessageEvent<ShrinkRequest>) => {
  void answer(event.data).then((message) => postMessage(message));
});

async function answer({ id, image, longSide }: ShrinkRequest): Promise<ShrinkAnswer> {
  try {
    return { id, small: await shrink(image, longSide), problem: '' };
  } catch (error) {
    return { id, small: null, problem: error instanceof Error ? error.message : String(error) };
  }
}

/** Upright, and not enlarged. */
async function shrink(image: Blob, longSide: number): Promise<Blob> {
  const header = await assertFits(image);
  const full = await createImageBitmap(image).catch((error: unknown) => {
    throw decodeFailure(header, error);
  });
  try {
    const ratio = Math.min(1, longSide / Math.max(full.width, full.height));
    const canvas = new OffscreenCanvas(
      Math.max(1, Math.round(full.width * ratio)),
      Math.max(1, Math.round(full.height * ratio)),
    );
    const context = canvas.getContext('2d');
    if (context === null) return image;
    context.imageSmoothingQuality = 'medium';
    context.drawImage(full, 0, 0, canvas.width, canvas.height);
    return await canvas.convertToBlob({ type: 'image/webp', quality: 0.85 });
  } finally {
    full.close();
  }
}
