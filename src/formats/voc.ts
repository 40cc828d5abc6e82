import type { ImageDetections } from './imageDetections.ts';
import { labelPaths, safePath } from './paths.ts';
import { className } from './writer.ts';
import type { FilePiece, FormatOptions, Images } from './writer.ts';

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** Text for an XML element. Characters that XML 1.0 cannot hold at all become U+FFFD. */
export function escapeXml(text: string): string {
  return text
    .replaceAll(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replaceAll(/[&<>"']/gu, (character) => entities[character] ?? character);
}

/**
 * Pascal VOC counts pixels from 1 and names the last one inside (VOC2012 devkit, section 4.3), so the edges
 * [x1, x2) become round(x1) + 1 .. round(x2). A box thinner than a pixel keeps one.
 */
function pixelRange(from: number, to: number, size: number): readonly [number, number] {
  const first = Math.min(size, Math.max(1, Math.round(from) + 1));
  return [first, Math.min(size, Math.max(first, Math.round(to)))];
}

function annotationXml(image: ImageDetections, classes: readonly string[]): string {
  const objects = image.detections.map((detection) => {
    const [xmin, xmax] = pixelRange(detection.x1, detection.x2, image.width);
    const [ymin, ymax] = pixelRange(detection.y1, detection.y2, image.height);
    return `  <object>
    <name>${escapeXml(className(classes, detection.label))}</name>
    <pose>Unspecified</pose>
    <truncated>0</truncated>
    <difficult>0</difficult>
    <bndbox><xmin>${xmin}</xmin><ymin>${ymin}</ymin><xmax>${xmax}</xmax><ymax>${ymax}</ymax></bndbox>
  </object>
`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>
<annotation>
  <folder>images</folder>
  <filename>${escapeXml(safePath(image.file))}</filename>
  <source><database>Forelabel</database></source>
  <size><width>${image.width}</width><height>${image.height}</height><depth>3</depth></size>
  <segmented>0</segmented>
${objects.join('')}</annotation>
`;
}

/** Pascal VOC: `Annotations/<image>.xml`, one an image. Scores have no place in it and are left out. */
export async function* writeVoc(images: Images, options: FormatOptions): AsyncGenerator<FilePiece> {
  const pathOf = labelPaths('Annotations', '.xml');
  for await (const image of images) {
    if (image.error) continue;
    yield { path: pathOf(image.file), text: annotationXml(image, options.classes) };
  }
}
