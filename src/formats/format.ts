/** The formats that results leave in: one interface; all writers are pure and streaming. */
import { writeCoco } from './coco.ts';
import { writeJsonl } from './jsonl.ts';
import { writeLabelStudioTasks } from './labelStudioTasks.ts';
import { writeVoc } from './voc.ts';
import type { FilePiece, FormatOptions, Images, Writer } from './writer.ts';
import { writeYolo } from './yolo.ts';

export type { FilePiece, FormatOptions, Images } from './writer.ts';

export const formatNames = ['jsonl', 'coco', 'labelstudio', 'yolo', 'voc'] as const;
export type FormatName = (typeof formatNames)[number];

const writers: Readonly<Record<FormatName, Writer>> = {
  jsonl: writeJsonl,
  coco: writeCoco,
  labelstudio: writeLabelStudioTasks,
  yolo: writeYolo,
  voc: writeVoc,
};

/** True for the name of a format. */
export function isFormatName(name: string): name is FormatName {
  return (formatNames as readonly string[]).includes(name);
}

/**
 * Writes images in a format. Detections are written as given: apply `aboveThreshold` first. Images with an
 * error appear in 'jsonl' only, for the others have no place for them.
 * @throws FormatError (while iterating) when the images cannot be told apart in that format.
 */
export function writeFormat(
  name: FormatName,
  images: Images,
  options: FormatOptions,
): AsyncIterable<FilePiece> {
  return writers[name](images, options);
}
