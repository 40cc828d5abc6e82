import type { Mapping } from '../labelstudio/types.ts';
import type { ImageDetections } from './imageDetections.ts';

export interface FormatOptions {
  /** Names of the model's classes, in label-index order. */
  readonly classes: readonly string[];
  /** 'labelstudio' writes it with every prediction. Default: 'forelabel'. */
  readonly modelVersion?: string;
  /** 'labelstudio' only. Default: every class by its own name, from_name 'label', to_name 'image'. */
  readonly mapping?: Mapping;
}

/** Some text of a file. Pieces of one file follow each other and are joined as they are. */
export interface FilePiece {
  /** Relative, with '/', without '..': safe as a name in a folder or a zip. */
  readonly path: string;
  readonly text: string;
}

export type Images = Iterable<ImageDetections> | AsyncIterable<ImageDetections>;
export type Writer = (images: Images, options: FormatOptions) => AsyncIterable<FilePiece>;

/** What is given cannot be written in the wanted format. */
export class FormatError extends Error {
  override readonly name = 'FormatError';
  readonly code: 'name-collision' | 'unknown-class';

  constructor(code: FormatError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** The class name of a label index. Throws `FormatError` when the model has no such class. */
export function className(classes: readonly string[], label: number): string {
  const name = classes[label];
  if (name !== undefined) return name;
  throw new FormatError(
    'unknown-class',
    `A detection has class number ${label}, but the model has ${classes.length} classes. Export with the model that made the detections.`,
  );
}
