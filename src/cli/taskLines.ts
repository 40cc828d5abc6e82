import { jsonLine } from '../formats/jsonl.ts';
import type { FilePiece } from '../formats/writer.ts';
import type { WrittenImage } from './job.ts';

/** jsonl for the tasks of a project: each line also has `task`, its number in Label Studio. */
export async function* taskLines(
  images: AsyncIterable<WrittenImage>,
  classes: readonly string[],
): AsyncGenerator<FilePiece> {
  for await (const image of images) {
    const { file, ...rest } = JSON.parse(jsonLine(image, classes)) as { file: string };
    yield { path: 'detections.jsonl', text: `${JSON.stringify({ file, task: image.task, ...rest })}\n` };
  }
}
