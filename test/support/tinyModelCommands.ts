import { decodeImage } from '../../src/engine/native/decodeImage.ts';
import { createNativeEngine } from '../../src/engine/native/createNativeEngine.ts';
import { EngineError } from '../../src/engine/errors.ts';
import type { DetectResult, Engine } from '../../src/engine/types.ts';
import { profiledImages, type ProfiledImage } from './colourProfile.ts';
import { drawnHardImages, type DrawnHardImage } from './drawnHardImages.ts';
import { drawing, sharedData, tinyModelDir } from './tinyModelNode.ts';

/** What browser tests may ask of Node: the native engine's opinion, and files beside the checkout. */
declare module 'vitest/browser' {
  interface BrowserCommands {
    detectNatively: (imageBase64: string) => Promise<NativeOpinion>;
    hardImages: () => Promise<readonly string[]>;
    hardImage: (file: string) => Promise<string>;
    drawnHardImages: () => Promise<readonly DrawnAsText[]>;
    profiledImages: () => Promise<readonly ProfiledAsText[]>;
    cmykJpeg: () => Promise<{ readonly jpeg: string; readonly rgb: string }>;
  }
}

type ProfiledAsText = Readonly<Record<keyof ProfiledImage, string>>;
type DrawnAsText = Omit<DrawnHardImage, 'bytes'> & { readonly base64: string };

export type NativeOpinion =
  { readonly result: DetectResult; readonly code: null } | { readonly result: null; readonly code: string };

let engine: Promise<Engine> | undefined;

export const tinyModelCommands = {
  /** The toy network's detections by the native engine, or the code of its error. */
  async detectNatively(_context: unknown, imageBase64: string): Promise<NativeOpinion> {
    engine ??= createNativeEngine({ modelDir: tinyModelDir, threads: 1 });
    try {
      return {
        result: await (await engine).detect(new Blob([Buffer.from(imageBase64, 'base64')])),
        code: null,
      };
    } catch (error) {
      if (error instanceof EngineError) return { result: null, code: error.code };
      throw error;
    }
  },

  /** Names of the awkward files; none where ../shared/data is absent. */
  async hardImages(): Promise<readonly string[]> {
    const csv = await sharedData('hard_images/manifest.csv');
    const lines = (csv?.toString('utf8') ?? '').split('\n').slice(1);
    return lines.map((line) => line.split(',')[0] ?? '').filter((name) => name !== '');
  },

  /** One of them, base64. */
  async hardImage(_context: unknown, file: string): Promise<string> {
    const bytes = await sharedData(`hard_images/${file}`);
    return (bytes ?? Buffer.alloc(0)).toString('base64');
  },

  /** Awkward files that are drawn, with what must come of them. */
  async drawnHardImages(): Promise<readonly DrawnAsText[]> {
    const images = await drawnHardImages();
    return images.map(({ name, bytes, expected }) => ({ name, expected, base64: bytes.toString('base64') }));
  },

  /** Images with and without a colour profile, base64. */
  async profiledImages(): Promise<readonly ProfiledAsText[]> {
    const images = await profiledImages();
    return images.map(({ name, plain, profiled }) => ({
      name,
      plain: plain.toString('base64'),
      profiled: profiled.toString('base64'),
    }));
  },

  /** A CMYK JPEG (a page cannot make one) and its pixels as OpenCV gives them, base64. */
  async cmykJpeg(): Promise<{ readonly jpeg: string; readonly rgb: string }> {
    const jpeg = await drawing(64, 48).toColourspace('cmyk').jpeg({ quality: 95 }).toBuffer();
    const { data } = await decodeImage(jpeg);
    return { jpeg: jpeg.toString('base64'), rgb: Buffer.from(data).toString('base64') };
  },
};
