/** Where an image and its boxes land on the screen. All image values in pixels of the upright image. */
import type { Detection } from '../../detector/types.ts';

/** A detection as it is drawn: with the name and colour of its class or label. */
export interface Box extends Detection {
  readonly name: string;
  /** CSS colour. */
  readonly color: string;
}

/** The part of the image that is shown: all of it, or less when zoomed in. */
export interface View {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** screen = image * scale + offset, in CSS pixels from the frame's top left corner. */
export interface Fit {
  readonly scale: number;
  readonly offsetX: number;
  readonly offsetY: number;
}

/** Fits a view into a frame, whole and centred, as SVG's 'xMidYMid meet' does. */
export function fitView(view: View, frameWidth: number, frameHeight: number): Fit {
  const scale = Math.min(frameWidth / view.width, frameHeight / view.height);
  return {
    scale,
    offsetX: (frameWidth - view.width * scale) / 2 - view.x * scale,
    offsetY: (frameHeight - view.height * scale) / 2 - view.y * scale,
  };
}

/** The whole image. */
export function wholeView(width: number, height: number): View {
  return { x: 0, y: 0, width, height };
}

/**
 * Zooms by a factor (> 1: nearer) so that the image point (x, y) stays where it is on the screen; never
 * beyond the whole image, never nearer than 16 pixels across.
 */
export function zoomView(
  view: View,
  image: { readonly width: number; readonly height: number },
  factor: number,
  x: number,
  y: number,
): View {
  const width = Math.min(image.width, Math.max(16, view.width / factor));
  const ratio = width / view.width;
  return clampView(
    { x: x - (x - view.x) * ratio, y: y - (y - view.y) * ratio, width, height: view.height * ratio },
    image,
  );
}

/** Moves a view back onto the image. */
export function clampView(view: View, image: { readonly width: number; readonly height: number }): View {
  const clamp = (value: number, most: number): number => Math.min(Math.max(0, value), Math.max(0, most));
  return {
    ...view,
    x: clamp(view.x, image.width - view.width),
    y: clamp(view.y, image.height - view.height),
  };
}
